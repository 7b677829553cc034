/// The platform of a wheel's tag: on which systems pip installs it.
public struct WheelPlatform: Sendable, Equatable {
    /// Such as `manylinux_2_34_x86_64`: any Linux with glibc 2.34 or newer.
    public let tag: String
    /// Why it is not one of manylinux, whose wheels run on other systems than the one that built them; nil
    /// when it is.
    public let limit: String?

    /// What every Linux with glibc has, by PEP 600.
    private static let common: Set<String> = [
        "libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1",
        "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
    ]

    /// The minor version of glibc 2 that every Linux of today has; older ones are not told apart.
    private static let oldest = 17

    /// - Parameter object: the shared library in the wheel.
    public init?(_ object: SharedObject) {
        guard let machine = object.machine else { return nil }
        if let other = object.libraries.first(where: { !Self.common.contains($0) }) {
            (tag, limit) = ("linux_\(machine)", "it needs \(other)")
            return
        }
        var newest = Self.oldest
        for version in object.versions {
            guard let minor = Self.minor(ofGlibc: version) else {
                (tag, limit) = ("linux_\(machine)", "it needs symbols of \(version)")
                return
            }
            newest = max(newest, minor)
        }
        (tag, limit) = ("manylinux_2_\(newest)_\(machine)", nil)
    }

    /// The M of `GLIBC_2.M` or `GLIBC_2.M.x`; nil of other versions.
    private static func minor(ofGlibc version: String) -> Int? {
        // Relocations that take less room; the loader knows them since 2.36.
        if version == "GLIBC_ABI_DT_RELR" { return 36 }
        guard let match = version.wholeMatch(of: /GLIBC_2\.(\d+)(?:\.\d+)?/) else { return nil }
        return Int(match.1)
    }
}
