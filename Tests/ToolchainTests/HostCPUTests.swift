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

        @Test func readsAnIntelServer() throws {
            try sandbox.file(
                "proc/cpuinfo",
                """
                processor\t: 0
                model name\t: Intel(R) Xeon(R) Platinum: 8481C
                flags\t\t: fpu sse avx2 fma avx512f avx512vl avx512bw avx512dq avx512_bf16 amx_tile
                bogomips\t: 4000

                processor\t: 1
                model name\t: another
                flags\t\t: fpu
                """)
            let caches = [
                ("1", "Data", "48K"), ("1", "Instruction", "32K"), ("2", "Unified", "2048K"),
                ("3", "Unified", "105M"),
            ]
            for (index, cache) in caches.enumerated() {
                let folder = "sys/devices/system/cpu/cpu0/cache/index\(index)"
                try sandbox.file("\(folder)/level", cache.0 + "\n")
                try sandbox.file("\(folder)/type", cache.1 + "\n")
                try sandbox.file("\(folder)/size", cache.2 + "\n")
            }
            let host = host()
            #expect(host.model == "Intel(R) Xeon(R) Platinum: 8481C")
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

        @Test func readsAnArmServer() throws {
            try sandbox.file("proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd evtstrm\n")
            #expect(host().isaFlags == ["asimd"])
            #expect(host().model == "unknown")
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
