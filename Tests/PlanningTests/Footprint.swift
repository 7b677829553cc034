import Graphs
import Kernels
import Planning

/// The input, the arena, or one of the outputs.
enum Room: Hashable {
    case input, arena
    case output(Int)
}

struct Address: Hashable {
    let room: Room
    let index: Int
}

extension Place {
    var room: Room {
        switch base {
        case .input: .input
        case .output(let index), .lent(let index, _): .output(index)
        case .arena: .arena
        }
    }

    /// The float in its room where it begins; nil when that is between two.
    var start: Int? {
        var bytes = column
        switch base {
        case .arena(let offset), .lent(_, let offset): bytes += offset
        case .input, .output: break
        }
        return bytes % 4 == 0 ? bytes / 4 : nil
    }
}

/// The floats of a token map that a kernel touches: `rows` times `width` floats, `stride` apart.
struct Extent {
    let rows: Int
    let width: Int
    let stride: Int

    init(rows: Int, width: Int, stride: Int? = nil) {
        self.rows = rows
        self.width = width
        self.stride = stride ?? width
    }

    /// - Parameter place: of a whole float.
    func addresses(at place: Place) -> [Address] {
        guard let start = place.start else { return [] }
        return (0..<rows).flatMap { row in
            (0..<width).map { Address(room: place.room, index: start + row * stride + $0) }
        }
    }
}

/// What a kernel reads and writes, as the generated C does: written down apart from the families, whose
/// operands it is compared with.
struct Footprint {
    let inputs: [Extent]
    let output: Extent
    /// The input that the output may replace, float by float: a residual.
    let replaced: Int?

    init(inputs: [Extent], output: Extent, replaced: Int? = nil) {
        self.inputs = inputs
        self.output = output
        self.replaced = replaced
    }

    private init(input: Extent, second: Extent? = nil, output: Extent, replaced: Int? = nil) {
        self.init(
            inputs: [input] + (second.map { [$0] } ?? []), output: output, replaced: replaced)
    }

    init(_ computation: Computation) {
        let all: [Footprint?] = [
            computation.spec(as: GEMM.self).map { .init($0) },
            computation.spec(as: LoFiAttention.self).map { .init($0) },
            computation.spec(as: HiFiAttention.self).map { .init($0) },
            computation.spec(as: WindowAttention.self).map { .init($0) },
            computation.spec(as: Patches.self).map { .init($0) },
            computation.spec(as: TokenPatches.self).map { .init($0) },
            computation.spec(as: LayerNorm.self).map {
                .init(onePass: Extent(rows: $0.rows, width: $0.channels))
            },
            computation.spec(as: DepthwiseGELU.self).map {
                .init(onePass: Extent(rows: $0.map.count, width: $0.channels, stride: $0.stride))
            },
            computation.spec(as: AveragePool.self).map { .init($0) },
            computation.spec(as: MeanPool.self).map {
                .init(
                    input: Extent(rows: $0.rows, width: $0.channels),
                    output: Extent(rows: 1, width: $0.channels))
            },
            computation.spec(as: FusedConvFFN.self).map { .init($0) },
            computation.spec(as: DeformableSampling.self).map { .init($0) },
            computation.spec(as: FeatureOutput.self).map { .init($0) },
            Footprint(ofHeads: computation),
        ]
        guard let known = all.compactMap({ $0 }).first else {
            preconditionFailure("\(computation.family): say here what its kernels touch")
        }
        self = known
    }

    /// Squares that cover a map, whose last ones may stick out.
    private static func tiles(_ map: Resolution, _ side: Int) -> Int {
        ((map.height + side - 1) / side) * ((map.width + side - 1) / side)
    }

    private init(onePass extent: Extent) { self.init(input: extent, output: extent) }

    private init(_ spec: GEMM.Spec) {
        let output = Extent(rows: spec.rows, width: spec.n, stride: spec.outputStride)
        let coarse = spec.upsampling.map {
            Extent(rows: $0.coarse.height * $0.coarse.width, width: spec.n, stride: $0.stride)
        }
        self.init(
            input: Extent(rows: spec.rows, width: spec.k, stride: spec.inputStride),
            second: spec.epilogue == .residual ? output : coarse, output: output,
            replaced: spec.epilogue == .residual ? 1 : nil)
    }

    private init(_ spec: HiFiAttention.Spec) {
        let (tokens, channels) = (spec.map.count, spec.heads * spec.headDim)
        self.init(
            input: Extent(rows: tokens, width: 3 * channels, stride: spec.inputStride),
            output: Extent(rows: tokens, width: channels, stride: spec.outputStride))
    }

    private init(_ spec: WindowAttention.Spec) {
        let (tokens, channels) = (spec.map.count, spec.heads * spec.headDim)
        self.init(
            input: Extent(rows: tokens, width: 3 * channels, stride: spec.inputStride),
            output: Extent(rows: tokens, width: channels, stride: spec.outputStride))
    }

    private init(_ spec: TokenPatches.Spec) {
        self.init(
            input: Extent(rows: spec.map.count, width: spec.channels),
            output: Extent(
                rows: (spec.map.height / spec.side) * (spec.map.width / spec.side),
                width: spec.side * spec.side * spec.channels, stride: spec.outputStride))
    }

    private init(_ spec: LoFiAttention.Spec) {
        let channels = spec.heads * spec.headDim
        self.init(
            input: Extent(rows: spec.queries, width: channels, stride: spec.queryStride),
            second: Extent(rows: spec.keys, width: 2 * channels, stride: spec.keyStride),
            output: Extent(rows: spec.queries, width: channels, stride: spec.outputStride))
    }

    private init(_ spec: Patches.Spec) {
        self.init(
            input: Extent(rows: spec.image.count, width: 3),
            output: Extent(
                rows: Self.tiles(spec.image, spec.side), width: 3 * spec.side * spec.side))
    }

    private init(_ spec: AveragePool.Spec) {
        self.init(
            input: Extent(rows: spec.map.count, width: spec.channels),
            output: Extent(rows: Self.tiles(spec.map, spec.window), width: spec.channels))
    }

    private init(_ spec: FusedConvFFN.Spec) {
        let tokens = Extent(rows: spec.map.count, width: spec.channels)
        self.init(input: tokens, second: tokens, output: tokens, replaced: 1)
    }

    private init(_ spec: DeformableSampling.Spec) {
        self.init(
            input: Extent(rows: spec.map.count, width: spec.channels),
            output: Extent(
                rows: (spec.map.height / 2) * (spec.map.width / 2), width: 4 * spec.channels,
                stride: spec.outputStride))
    }

    private init(_ spec: FeatureOutput.Spec) {
        let tokens = Extent(rows: spec.map.count, width: spec.channels)
        let planes = Extent(rows: spec.channels, width: spec.map.count)
        self.init(input: tokens, output: spec.layout == .planes ? planes : tokens)
    }
}
