/// An instruction set that kernels are made for: how wide vectors are, and which features of a CPU they
/// need. Sets are not ordered: one CPU may run several of them.
public struct ISA: Sendable, Hashable {
    /// In names of kernels and on the command line.
    public let name: String
    /// Instructions as a person knows them.
    public let title: String
    /// nil runs on any.
    public let architecture: Architecture?
    public let features: Set<CPUFeature>
    /// Floats a vector holds.
    public let lanes: Int
    /// Vector registers.
    public let registers: Int
    /// What tells a C compiler to use it.
    public let compileFlags: [String]
    /// Names its vectors: those of an instruction set that only adds to another are the other's.
    public let vectors: String
    /// Whether a multiply-add takes a lane of a vector, so that tiles need no broadcasts: each row of one
    /// then keeps a vector of factors in a register.
    public var multipliesLanes: Bool { architecture == .aarch64 }
    /// Whether an instruction multiplies pairs of bf16 and adds the products to single precision.
    public var multipliesBF16: Bool { !features.isDisjoint(with: [.avx512Bf16, .bf16]) }
    /// Whether an instruction multiplies four integers of 8 bits each and adds the products to one of 32.
    public var multipliesInt8: Bool {
        !features.isDisjoint(with: [.avx512Vnni, .avxVnni, .asimddp])
    }
    /// Whether a unit multiplies tiles of either.
    public var multipliesTiles: Bool { features.contains(.amxTile) }
}

public enum Architecture: String, Sendable, Hashable {
    case x86_64, aarch64

    /// Of this program, and so of the machine it runs on; nil of one that HiLo has no kernels for.
    public static var host: Architecture? {
        #if arch(x86_64)
            .x86_64
        #elseif arch(arm64)
            .aarch64
        #else
            nil
        #endif
    }
}

/// What a CPU may be able to do, under Linux's name for it.
public enum CPUFeature: String, Sendable, Hashable, CaseIterable {
    case avx2, fma, avx512f, avx512bw, avx512dq, avx512vl
    case avxVnni = "avx_vnni"
    case avx512Vnni = "avx512_vnni"
    case avx512Bf16 = "avx512_bf16"
    case amxTile = "amx_tile"
    case amxBf16 = "amx_bf16"
    case amxInt8 = "amx_int8"
    case asimd, asimddp, i8mm, bf16

    /// Those of a unit that multiplies tiles.
    public static let tileUnit: Set<CPUFeature> = [.amxTile, .amxBf16, .amxInt8]

    /// What compilers define where they may use it.
    public var macro: String {
        switch self {
        case .asimd: "__ARM_NEON"
        case .asimddp: "__ARM_FEATURE_DOTPROD"
        case .i8mm: "__ARM_FEATURE_MATMUL_INT8"
        case .bf16: "__ARM_FEATURE_BF16_VECTOR_ARITHMETIC"
        case .amxTile, .amxBf16, .amxInt8: "__\(rawValue.uppercased())__"
        case .avx2, .fma, .avx512f, .avx512bw, .avx512dq, .avx512vl, .avxVnni, .avx512Vnni,
            .avx512Bf16:
            "__\(compilerName.uppercased())__"
        }
    }

    /// What compilers call it, in `__builtin_cpu_supports`.
    public var compilerName: String { rawValue.replacing("_", with: "") }
}

extension ISA {
    public static let generic = ISA(
        name: "generic", title: "no special instructions", architecture: nil, features: [],
        lanes: 4, registers: 16, compileFlags: [], vectors: "generic")

    public static let avx2 = ISA(
        name: "avx2", title: "AVX2 and FMA", architecture: .x86_64, features: [.avx2, .fma],
        lanes: 8, registers: 16, compileFlags: ["-mavx2", "-mfma"], vectors: "avx2")

    /// For matrices of integers on CPUs without AVX-512; else it is AVX2.
    public static let avx2vnni = ISA(
        name: "avx2vnni", title: "AVX2, FMA and AVX-VNNI", architecture: .x86_64,
        features: avx2.features.union([.avxVnni]), lanes: 8, registers: 16,
        compileFlags: ["-mavxvnni"] + avx2.compileFlags, vectors: avx2.vectors)

    public static let avx512 = ISA(
        name: "avx512", title: "AVX-512 (F, BW, DQ, VL)", architecture: .x86_64,
        features: [.avx2, .fma, .avx512f, .avx512bw, .avx512dq, .avx512vl],
        lanes: 16, registers: 32,
        compileFlags: [
            "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx2", "-mfma",
        ], vectors: "avx512")

    /// For matrices of integers; else it is AVX-512.
    public static let avx512vnni = ISA(
        name: "avx512vnni", title: "AVX-512 (F, BW, DQ, VL, VNNI)", architecture: .x86_64,
        features: avx512.features.union([.avx512Vnni]), lanes: 16, registers: 32,
        compileFlags: ["-mavx512vnni"] + avx512.compileFlags, vectors: avx512.vectors)

    /// For matrices of bf16 and of integers; in single precision it is AVX-512. All CPUs that multiply bf16
    /// have VNNI.
    public static let avx512bf16 = ISA(
        name: "avx512bf16", title: "AVX-512 (F, BW, DQ, VL, VNNI, BF16)", architecture: .x86_64,
        features: avx512vnni.features.union([.avx512Bf16]), lanes: 16, registers: 32,
        compileFlags: ["-mavx512bf16"] + avx512vnni.compileFlags, vectors: avx512.vectors)

    /// For matrices of bf16 and of integers; else it is AVX-512. All CPUs with AMX multiply bf16 in vectors too.
    public static let avx512amx = ISA(
        name: "avx512amx", title: "AVX-512 (F, BW, DQ, VL, VNNI, BF16) and AMX (TILE, BF16, INT8)",
        architecture: .x86_64,
        features: avx512bf16.features.union(CPUFeature.tileUnit), lanes: 16,
        registers: 32,
        compileFlags: ["-mamx-tile", "-mamx-bf16", "-mamx-int8"] + avx512bf16.compileFlags,
        vectors: avx512.vectors)

    public static let neon = ISA(
        name: "neon", title: "Advanced SIMD", architecture: .aarch64, features: [.asimd],
        lanes: 4, registers: 32, compileFlags: [], vectors: "neon")

    /// For matrices of integers; else it is NEON.
    public static let neondot = ISA(
        name: "neondot", title: "Advanced SIMD with dot products", architecture: .aarch64,
        features: neon.features.union([.asimddp]), lanes: 4, registers: 32,
        compileFlags: ["-march=armv8.2-a+dotprod"], vectors: neon.vectors)

    /// For matrices of bf16 and of integers; else it is NEON.
    public static let neonbf16 = ISA(
        name: "neonbf16", title: "Advanced SIMD with dot products, I8MM and BF16",
        architecture: .aarch64, features: neondot.features.union([.i8mm, .bf16]), lanes: 4,
        registers: 32, compileFlags: ["-march=armv8.2-a+dotprod+i8mm+bf16"],
        vectors: neon.vectors)

    /// All that HiLo has kernels for; of those that a CPU can run the last is the fastest, but for what it passes
    /// over (`PassedOver`).
    public static let known: [ISA] = [
        .generic, .avx2, .avx2vnni, .avx512, .avx512vnni, .avx512bf16, .avx512amx, .neon, .neondot,
        .neonbf16,
    ]

    /// Those that multiply elements narrower than single precision; in that they are others of `known`.
    public static let narrow = known.filter { $0.multipliesBF16 || $0.multipliesInt8 }

    /// Those that differ in single precision.
    public static let all = known.filter { !narrow.contains($0) }

    /// The instruction set of a name.
    public init?(name: String) {
        guard let isa = ISA.known.first(where: { $0.name == name }) else { return nil }
        self = isa
    }
}

extension ISA: CustomStringConvertible {
    public var description: String { name }
}

/// In files an instruction set is its name.
extension ISA: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let name = try container.decode(String.self)
        guard let isa = ISA(name: name) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "no instruction set '\(name)' is known; there are "
                    + ISA.known.map(\.name).joined(separator: ", "))
        }
        self = isa
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}
