import Foundation
import Testing

@testable import Toolchain

extension ToolchainTests {
    @Suite struct HostCPUTests {
        let sandbox: Sandbox
        init() throws { sandbox = try Sandbox() }

        private func host(affinity: Int = 8) -> HostCPU {
            HostCPU.fromLinux(root: sandbox.folder, affinity: affinity)
        }

        /// Level, type and size of each, as the first processor has them.
        private func caches(_ caches: [(level: String, type: String, size: String)]) throws {
            for (index, cache) in caches.enumerated() {
                let folder = "sys/devices/system/cpu/cpu0/cache/index\(index)"
                try sandbox.file("\(folder)/level", cache.level + "\n")
                try sandbox.file("\(folder)/type", cache.type + "\n")
                try sandbox.file("\(folder)/size", cache.size + "\n")
            }
        }

        @Test func readsAnIntelServer() throws {
            try sandbox.file(
                "proc/cpuinfo",
                """
                processor\t: 0
                vendor_id\t: GenuineIntel
                model name\t: Intel(R) Xeon(R) Platinum: 8481C
                flags\t\t: fpu sse avx2 fma avx512f avx512vl avx512bw avx512dq avx512_bf16 amx_tile
                bogomips\t: 4000

                processor\t: 1
                model name\t: another
                flags\t\t: fpu
                """)
            try caches([
                ("1", "Data", "48K"), ("1", "Instruction", "32K"), ("2", "Unified", "2048K"),
                ("3", "Unified", "105M"),
            ])
            let host = host()
            #expect(host.model == "Intel(R) Xeon(R) Platinum: 8481C")
            #expect(host.isIntel)
            #expect(
                host.isaFlags == [
                    "avx2", "fma", "avx512f", "avx512vl", "avx512bw", "avx512dq", "avx512_bf16",
                    "amx_tile",
                ])
            #expect(host.cores == 8)
            #expect(host.l1d == 49_152)
            #expect(host.l2 == 2_097_152)
            #expect(host.l3 == 110_100_480)
        }

        /// As Linux gives it on a server of Neoverse V1 cores, shortened to two of them.
        @Test func readsAnArmServer() throws {
            let core = """
                BogoMIPS\t: 2100.00
                Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid \
                asimdrdm jscvt fcma lrcpc dcpop sha3 sm3 sm4 asimddp sha512 sve asimdfhm dit uscat \
                ilrcpc flagm ssbs paca pacg dcpodp svei8mm svebf16 i8mm bf16 dgh rng
                CPU implementer\t: 0x41
                CPU architecture: 8
                CPU variant\t: 0x1
                CPU part\t: 0xd40
                CPU revision\t: 1

                """
            try sandbox.file(
                "proc/cpuinfo", "processor\t: 0\n\(core)\nprocessor\t: 1\n\(core)\n")
            try caches([
                ("1", "Data", "64K"), ("1", "Instruction", "64K"), ("2", "Unified", "1024K"),
                ("3", "Unified", "32768K"),
            ])
            let host = host()
            #expect(host.model == "Neoverse-V1")
            #expect(host.isaFlags == ["asimd", "asimddp", "i8mm", "bf16", "sve"])
            #expect(host.l1d == 65_536)
            #expect(host.l2 == 1_048_576)
            #expect(host.l3 == 33_554_432)
        }

        /// A board whose two kinds of cores Linux lists by number, without sizes of caches.
        @Test func readsAnArmBoardOfUnequalCores() throws {
            let cores = ["0xd05", "0xd05", "0xd0b", "0xd0b"].enumerated().map { index, part in
                """
                processor\t: \(index)
                BogoMIPS\t: 48.00
                Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid \
                asimdrdm lrcpc dcpop asimddp
                CPU implementer\t: 0x41
                CPU architecture: 8
                CPU variant\t: 0x4
                CPU part\t: \(part)
                CPU revision\t: 0

                """
            }
            try sandbox.file("proc/cpuinfo", cores.joined(separator: "\n"))
            #expect(host().model == "Cortex-A55, Cortex-A76")
            #expect(host().isaFlags == ["asimd", "asimddp"])
            #expect(host().l1d == nil)
        }

        @Test(arguments: [
            ("CPU implementer\t: 0xc0\nCPU part\t: 0xac3\n", "Ampere-1"),
            ("CPU implementer\t: 0x41\nCPU part\t: 0xfff\n", "implementer 0x41 part 0xfff"),
            ("CPU implementer\t: 0x99\nCPU part\t: 0xd40\n", "implementer 0x99 part 0xd40"),
            ("model name\t: a name\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n", "a name"),
            ("CPU implementer\t: 0x41\nCPU part\n", "unknown"),
            ("Features\t: fp asimd evtstrm\n", "unknown"),
        ])
        func modelOfArmCores(information: String, model: String) throws {
            try sandbox.file("proc/cpuinfo", "processor\t: 0\n" + information)
            #expect(host().model == model)
        }

        @Test func anUnreadableSystemGivesNoFacts() {
            let host = host(affinity: 3)
            #expect(
                host
                    == HostCPU(
                        model: "unknown", isaFlags: [], cores: 3, l1d: nil, l2: nil, l3: nil))
        }

        @Test(arguments: [
            ("max 100000", 8), ("150000 100000", 2), ("50000 100000", 1), ("1600000 100000", 8),
            ("garbage", 8), ("100000 0", 8),
        ])
        func quotaOfTheGroup(limit: String, cores: Int) throws {
            try sandbox.file("proc/self/cgroup", "3:cpu:/other\n0::/a/b\n")
            try sandbox.file("sys/fs/cgroup/a/b/cpu.max", limit + "\n")
            #expect(host().cores == cores)
        }

        @Test func theTightestGroupAboveCounts() throws {
            try sandbox.file("proc/self/cgroup", "0::/a/b\n")
            try sandbox.file("sys/fs/cgroup/a/b/cpu.max", "max 100000\n")
            try sandbox.file("sys/fs/cgroup/a/cpu.max", "300000 100000\n")
            try sandbox.file("sys/fs/cgroup/cpu.max", "500000 100000\n")
            #expect(host().cores == 3)
        }

        @Test(arguments: ["", "K", "12X", "99999999999999999999K", "9223372036854775807G"])
        func aStrangeCacheSizeIsNoSize(size: String) throws {
            let folder = "sys/devices/system/cpu/cpu0/cache/index0"
            try sandbox.file("\(folder)/level", "2")
            try sandbox.file("\(folder)/type", "Unified")
            try sandbox.file("\(folder)/size", size)
            #expect(host().l2 == nil)
        }

        @Test func thisMachineIsPlausible() {
            let host = HostCPU.current()
            #expect((1...HostCPU.activeCores).contains(host.cores))
            #expect(host.isaFlags.isSubset(of: HostCPU.knownFlags))
            #expect(!host.model.isEmpty)
        }
    }
}
