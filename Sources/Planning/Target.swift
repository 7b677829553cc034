/// Instruction set of the generated kernels.
public enum ISA: String, Sendable, Codable, CaseIterable {
    case generic
    case avx2
    case avx512

    /// Floats a vector holds.
    public var lanes: Int {
        switch self {
        case .generic: 4
        case .avx2: 8
        case .avx512: 16
        }
    }

    /// Vector registers.
    public var registers: Int { self == .avx512 ? 32 : 16 }

    /// Instructions as a person knows them.
    public var title: String {
        switch self {
        case .generic: "no special instructions"
        case .avx2: "AVX2 and FMA"
        case .avx512: "AVX-512 (F, BW, DQ, VL)"
        }
    }
}

public enum Precision: String, Sendable, Codable, CaseIterable { case f32 }

/// What a library is generated for.
public struct Target: Sendable, Hashable, Codable {
    public let isa: ISA
    public let precision: Precision
    /// Images one call may hold.
    public let maxBatch: Int

    public init(isa: ISA, precision: Precision = .f32, maxBatch: Int = 8) throws {
        self.isa = isa
        self.precision = precision
        self.maxBatch = maxBatch
        try check()
    }

    func check() throws {
        guard (1...1024).contains(maxBatch) else {
            throw PlanError("batch \(maxBatch): 1 to 1024 images are possible")
        }
    }
}

/// Why a plan cannot be made or is not one.
public struct PlanError: Error, Equatable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
