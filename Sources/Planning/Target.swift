import Graphs
import Machines
import Networks

/// What matrix products multiply; they sum in single precision.
public enum Precision: String, Sendable, Codable, CaseIterable {
    case f32, bf16
    /// Inputs in single precision with matrices of bf16.
    case bf16Weights = "f32-by-bf16"
    /// Integers of 8 bits where they can be; where not, bf16, or single precision with matrices of integers.
    case int8

    /// Whether it has layers narrower than a type, so that some can be kept in that.
    public func canKeep(in type: ElementType) -> Bool {
        switch self {
        case .f32, .bf16Weights: false
        case .bf16: type == .f32
        case .int8: type != .int8
        }
    }

    /// Whether an instruction set has instructions for its products. Others compute the same products, but bf16
    /// takes longer than single precision, and integers gain less.
    public func hasInstructions(in isa: ISA) -> Bool {
        switch self {
        case .f32, .bf16Weights: true
        case .bf16: isa.multipliesBF16
        case .int8: isa.multipliesInt8
        }
    }
}

extension Graph {
    /// As kernels take it.
    func planned(_ target: Target) -> Graph {
        switch target.precision {
        case .f32: folded
        case .bf16: folded.lowered(to: .bf16, keeping: Set(target.layers(keptIn: .f32)))
        case .bf16Weights: folded.withMatrices(of: .bf16)
        case .int8:
            folded.quantised(keeping: target.keptNames)
                .lowered(to: .bf16, keeping: Set(target.layers(keptIn: .f32)))
        }
    }
}

extension Network {
    /// The products that a precision leaves as they are, because of what they read.
    public func unlowered(_ precision: Precision) -> [Graph.Unlowered] {
        switch precision {
        case .f32, .bf16Weights: []
        case .bf16: graph.folded.unlowered(to: .bf16)
        case .int8: graph.folded.quantised().unlowered(to: .bf16)
        }
    }

    /// The products that are on bf16 where others are on integers, because of what they read.
    public func unquantisable(_ precision: Precision) -> [Graph.Unlowered] {
        precision == .int8 ? graph.folded.unquantisable : []
    }

    /// The products that have a matrix of integers alone, because of what they read.
    public func withIntegerMatrices(_ precision: Precision) -> [Graph.Unlowered] {
        precision == .int8 ? graph.folded.withIntegerMatrices : []
    }

    /// The tensors that are integers in a target's libraries.
    public func quantised(_ target: Target) -> [QuantisedTensor] {
        guard target.precision == .int8 else { return [] }
        let kept = target.keptNames
        return quantisable.filter { !kept.contains($0.layer) }
    }
}

/// What a library is generated for.
public struct Target: Sendable, Hashable, Codable {
    /// The instruction sets of its kernels, each once; a CPU runs the last one that it can.
    public let isas: [ISA]
    public let precision: Precision
    /// Images one call may hold.
    public let maxBatch: Int
    /// The layers that stay in bf16 or in single precision where all others are of integers, or in single precision
    /// where all others are in bf16; those in single precision and those that lose most first.
    public let kept: [KeptLayer]

    /// - Throws: `PlanError` for numbers out of range, instruction sets that do not go together, and layers
    ///   that are kept from nothing.
    public init(
        isas: [ISA], precision: Precision = .f32, maxBatch: Int = 8, kept: [KeptLayer] = []
    ) throws {
        self.isas = isas
        self.precision = precision
        self.maxBatch = maxBatch
        self.kept = kept
        try check()
    }

    public init(
        isa: ISA, precision: Precision = .f32, maxBatch: Int = 8, kept: [KeptLayer] = []
    ) throws {
        try self.init(isas: [isa], precision: precision, maxBatch: maxBatch, kept: kept)
    }

    /// The same with other layers that are kept.
    ///
    /// - Throws: `PlanError`.
    public func keeping(_ kept: [KeptLayer]) throws -> Target {
        try Target(isas: isas, precision: precision, maxBatch: maxBatch, kept: kept)
    }

    /// The names of the layers that are kept.
    var keptNames: Set<String> { Set(kept.map(\.layer)) }

    /// Those of one type, as `kept` has them.
    public func layers(keptIn type: ElementType) -> [String] {
        kept.filter { $0.type == type }.map(\.layer)
    }

    /// What a library is compiled for; nil runs on any.
    public var architecture: Architecture? { isas.compactMap(\.architecture).first }

    func check() throws {
        guard (1...1024).contains(maxBatch) else {
            throw PlanError("batch \(maxBatch): 1 to 1024 images are possible")
        }
        guard !isas.isEmpty, Set(isas).count == isas.count else {
            throw PlanError(
                "instruction sets \(isas.map(\.name).joined(separator: ", ")): expected one or "
                    + "more, each once")
        }
        let architectures = Set(isas.compactMap(\.architecture))
        guard architectures.count <= 1 else {
            throw PlanError(
                "instruction sets \(isas.map(\.name).joined(separator: ", ")): they are of "
                    + "different architectures, and a library is compiled for one")
        }
        try kept.check()
        try kept.check(keptIn: precision)
    }
}

// MARK: - Codable

extension Target {
    private enum CodingKeys: String, CodingKey { case isas, precision, maxBatch, kept }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        isas = try container.decode([ISA].self, forKey: .isas)
        precision = try container.decode(Precision.self, forKey: .precision)
        maxBatch = try container.decode(Int.self, forKey: .maxBatch)
        kept = try container.decodeIfPresent([KeptLayer].self, forKey: .kept) ?? []
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(isas, forKey: .isas)
        try container.encode(precision, forKey: .precision)
        try container.encode(maxBatch, forKey: .maxBatch)
        // Most plans say nothing of it.
        if !kept.isEmpty { try container.encode(kept, forKey: .kept) }
    }
}

/// Why a plan cannot be made or is not one.
public struct PlanError: Error, Equatable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
