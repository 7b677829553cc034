import Foundation

/// The processor that this program runs on, as far as the system tells.
public struct HostCPU: Sendable, Equatable {
    /// The maker's name, such as `Intel(R) Xeon(R) Platinum 8481C`, or those of its kinds of cores, such
    /// as `Cortex-A55, Cortex-A76`; `unknown` where the system does not say.
    public let model: String
    /// The instruction sets among `knownFlags` that the processor has, by Linux's names.
    public let isaFlags: Set<String>
    /// Cores that this process may use: its affinity and its cgroup's quota, rounded up.
    public internal(set) var cores: Int
    /// Bytes of one core's level 1 data cache; nil where the system does not say.
    public let l1d: Int?
    /// Bytes of the level 2 cache.
    public let l2: Int?
    /// Bytes of the level 3 cache, usually shared by all cores.
    public let l3: Int?
    /// What Linux says of the first processor, by its names; empty on other systems.
    package internal(set) var fields: [String: String] = [:]
    /// Whether it is one of Intel's, as Linux says; false on other systems.
    public var isIntel: Bool { fields["vendor_id"] == "GenuineIntel" }

    /// The instruction sets that kernels can be made for.
    public static let knownFlags = [
        "avx2", "fma", "avx_vnni", "avx512f", "avx512vl", "avx512bw", "avx512dq", "avx512_vnni",
        "avx512_bf16",
        "amx_tile", "amx_int8", "amx_bf16", "asimd", "asimddp", "i8mm", "bf16", "sve",
    ]

    /// What the system says now; of the processor itself, what it said first.
    public static func current() -> HostCPU {
        #if os(macOS)
            return fromSysctl()
        #else
            var cpu = first
            cpu.cores = cores(root, affinity: activeCores)
            return cpu
        #endif
    }

    #if !os(macOS)
        private static let root = URL(fileURLWithPath: "/")
        private static let first = fromLinux(root: root, affinity: activeCores)
    #endif

    /// Cores in the process's affinity mask.
    static var activeCores: Int { ProcessInfo.processInfo.activeProcessorCount }
}

#if os(macOS)
    extension HostCPU {
        private static func fromSysctl() -> HostCPU {
            // Every Arm Mac has Advanced SIMD; Intel Macs list their flags in capitals.
            let features = text("machdep.cpu.leaf7_features") + " " + text("machdep.cpu.features")
            var flags = Set(features.lowercased().split(separator: " ").map(String.init))
            if number("hw.optional.arm64") == 1 { flags.insert("asimd") }
            for (flag, feature) in [("asimddp", "DotProd"), ("i8mm", "I8MM"), ("bf16", "BF16")]
            where number("hw.optional.arm.FEAT_\(feature)") == 1 {
                flags.insert(flag)
            }
            let model = text("machdep.cpu.brand_string")
            return HostCPU(
                model: model.isEmpty ? "unknown" : model, isaFlags: flags.intersection(knownFlags),
                cores: activeCores, l1d: number("hw.l1dcachesize"), l2: number("hw.l2cachesize"),
                l3: number("hw.l3cachesize"))
        }

        private static func number(_ name: String) -> Int? {
            var value: Int64 = 0
            var size = MemoryLayout<Int64>.size
            guard sysctlbyname(name, &value, &size, nil, 0) == 0, value > 0 else { return nil }
            return Int(value)
        }

        private static func text(_ name: String) -> String {
            var size = 0
            guard sysctlbyname(name, nil, &size, nil, 0) == 0, size > 0 else { return "" }
            var bytes = [UInt8](repeating: 0, count: size)
            guard sysctlbyname(name, &bytes, &size, nil, 0) == 0 else { return "" }
            return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
#endif
