import Planning

/// Work for which there is a choice of tilings.
public enum TunableShape: Sendable, Hashable {
    case gemm(GEMM.Shape)
    case attention(LoFiAttention.Shape)
    case convFFN(ConvFFN.Shape)
}

extension Kernel {
    /// nil when there is nothing to choose.
    public var tunableShape: TunableShape? {
        switch self {
        case .gemm(let kernel): .gemm(kernel.shape)
        case .loFiAttention(let kernel): .attention(kernel.shape)
        case .convFFN(let kernel): .convFFN(kernel.shape)
        default: nil
        }
    }

    /// Whether the tiling fits the registers of `isa`; a kernel from a file need not.
    func isLegal(on isa: ISA) -> Bool {
        switch self {
        case .gemm(let kernel): (try? GEMM(kernel.shape, kernel.tiling, isa: isa)) != nil
        case .loFiAttention(let kernel):
            (try? LoFiAttention(kernel.shape, kernel.tiling, isa: isa)) != nil
        case .convFFN(let kernel): (try? ConvFFN(kernel.shape, kernel.tiling, isa: isa)) != nil
        default: true
        }
    }
}

extension Planner.Decisions {
    /// Decides that the work of `kernel` is done as it does it; with the first ConvFFN, that no other
    /// one is fused unless it is decided too.
    public mutating func adopt(_ kernel: Kernel) {
        switch kernel {
        case .gemm(let kernel): gemm[kernel.shape] = kernel.tiling
        case .loFiAttention(let kernel): attention[kernel.shape] = kernel.tiling
        case .convFFN(let kernel):
            convFFN = (convFFN ?? [:]).merging([kernel.shape: kernel.tiling]) { $1 }
        default: break
        }
    }
}

extension Plan {
    /// The kernel that does this work; nil when there is none.
    func kernel(for shape: TunableShape) -> Kernel? {
        kernels.first { $0.tunableShape == shape }
    }

    /// Shapes with a choice, those with the most work of a pass first.
    var tunableShapes: [TunableShape] {
        var work: [TunableShape: Int] = [:]
        var shapes: [TunableShape] = []
        for step in steps {
            guard let shape = kernels[step.kernel].tunableShape else { continue }
            if work[shape] == nil { shapes.append(shape) }
            work[shape, default: 0] += kernels[step.kernel].macs
        }
        let order = shapes.indices.sorted {
            (-work[shapes[$0], default: 0], $0) < (-work[shapes[$1], default: 0], $1)
        }
        return order.map { shapes[$0] }
    }
}
