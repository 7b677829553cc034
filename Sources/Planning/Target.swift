import Graphs
import Machines
import Networks

/// What matrix products multiply; they sum in single precision.
public enum Precision: String, Sendable, Codable, CaseIterable {
    case f32, bf16
    /// Inputs in single precision with matrices of bf16.
    case bf16Weights = "f32-by-bf16"
    /// Integers of 8 bits where they can be; where not, bf16.
    case int8
}

extension Graph {
    /// As kernels take it.
    func planned(_ precision: Precision) -> Graph {
        switch precision {
        case .f32: folded
        case .bf16: folded.lowered(to: .bf16)
        case .bf16Weights: folded.withMatrices(of: .bf16)
        case .int8: folded.quantised().lowered(to: .bf16)
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

    /// The tensors that are integers in a precision.
    public func quantised(_ precision: Precision) -> [QuantisedTensor] {
        precision == .int8 ? quantisable : []
    }
}

/// What a library is generated for.
public struct Target: Sendable, Hashable, Codable {
    /// The instruction sets of its kernels, each once; a CPU runs the last one that it can.
    public let isas: [ISA]
    public let precision: Precision
    /// Images one call may hold.
    public let maxBatch: Int

    public init(isas: [ISA], precision: Precision = .f32, maxBatch: Int = 8) throws {
        self.isas = isas
        self.precision = precision
        self.maxBatch = maxBatch
        try check()
    }

    public init(isa: ISA, precision: Precision = .f32, maxBatch: Int = 8) throws {
        try self.init(isas: [isa], precision: precision, maxBatch: maxBatch)
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
    }
}

/// Why a plan cannot be made or is not one.
public struct PlanError: Error, Equatable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
