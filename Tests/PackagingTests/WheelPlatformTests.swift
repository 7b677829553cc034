import Packaging
import Testing

/// Which systems a wheel is for follows from what its library needs.
@Suite struct WheelPlatformTests {
    private func wheel(
        _ versions: [String], libraries: [String] = ["libm.so.6", "libc.so.6"],
        machine: String? = "x86_64"
    ) -> WheelPlatform? {
        WheelPlatform(SharedObject(machine: machine, libraries: libraries, versions: versions))
    }

    @Test func theNewestSymbolDecides() {
        let versions = ["GLIBC_2.2.5", "GLIBC_2.34", "GLIBC_2.3.4", "GLIBC_2.6", "GLIBC_2.33"]
        #expect(wheel(versions)?.tag == "manylinux_2_34_x86_64")
        #expect(wheel(versions)?.limit == nil)
        #expect(wheel(versions, machine: "aarch64")?.tag == "manylinux_2_34_aarch64")
        #expect(wheel(versions + ["GLIBC_ABI_DT_RELR"])?.tag == "manylinux_2_36_x86_64")
    }

    @Test func oldSystemsAreNotToldApart() {
        #expect(wheel(["GLIBC_2.2.5"])?.tag == "manylinux_2_17_x86_64")
        #expect(wheel([])?.tag == "manylinux_2_17_x86_64")
    }

    @Test(arguments: [
        (["libc.so.6", "libgomp.so.1"], "GLIBC_2.4", "libgomp.so.1"),
        (["libc.musl-x86_64.so.1"], "GLIBC_2.4", "libc.musl-x86_64.so.1"),
        (["libc.so.6"], "GLIBC_PRIVATE", "GLIBC_PRIVATE"), (["libc.so.6"], "GCC_3.0", "GCC_3.0"),
    ])
    func otherNeedsBindItToSystemsLikeThisOne(
        libraries: [String], version: String, need: String
    ) throws {
        let platform = try #require(wheel([version], libraries: libraries))
        #expect(platform.tag == "linux_x86_64")
        #expect(platform.limit?.contains(need) == true)
    }

    @Test func unknownMachinesHaveNoTag() { #expect(wheel([], machine: nil) == nil) }
}
