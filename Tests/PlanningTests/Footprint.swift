import Networks
import Planning

/// The input, the arena, or one of the outputs.
struct Room: Hashable {
    let base: Operand.Base
    var output = 0
}

struct Address: Hashable {
    let room: Room
    let index: Int
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

    func addresses(at operand: Operand) -> [Address] {
        let isOutput = operand.base == .output
        let room = Room(base: operand.base, output: isOutput ? operand.offset : 0)
        let start = (isOutput ? 0 : operand.offset) + operand.column
        return (0..<rows).flatMap { row in
            (0..<width).map { Address(room: room, index: start + row * stride + $0) }
        }
    }
}

/// What a kernel reads and writes, as the generated C does.
struct Footprint {
    let input: Extent
    /// A residual, or keys and values.
    let second: Extent?
    let output: Extent

    private init(input: Extent, second: Extent? = nil, output: Extent) {
        self.input = input
        self.second = second
        self.output = output
    }

    init(_ kernel: Kernel) {
        switch kernel {
        case .gemm(let kernel): self.init(kernel.shape)
        case .loFiAttention(let kernel): self.init(kernel.shape)
        case .hiFiAttention(let kernel): self.init(kernel)
        case .patches(let kernel):
            self.init(
                input: Extent(rows: kernel.image.count, width: 3),
                output: Extent(
                    rows: Self.tiles(kernel.image, kernel.side),
                    width: 3 * kernel.side * kernel.side))
        case .layerNorm(let kernel):
            self.init(onePass: Extent(rows: kernel.rows, width: kernel.channels))
        case .depthwiseGELU(let kernel):
            self.init(
                onePass: Extent(
                    rows: kernel.map.count, width: kernel.channels, stride: kernel.stride))
        case .averagePool(let kernel):
            self.init(
                input: Extent(rows: kernel.map.count, width: kernel.channels),
                output: Extent(
                    rows: Self.tiles(kernel.map, kernel.window), width: kernel.channels))
        case .meanPool(let kernel):
            self.init(
                input: Extent(rows: kernel.rows, width: kernel.channels),
                output: Extent(rows: 1, width: kernel.channels))
        case .convFFN(let kernel):
            let tokens = Extent(rows: kernel.shape.map.count, width: kernel.shape.channels)
            self.init(input: tokens, second: tokens, output: tokens)
        case .sampling(let kernel):
            self.init(
                input: Extent(rows: kernel.map.count, width: kernel.channels),
                output: Extent(
                    rows: (kernel.map.height / 2) * (kernel.map.width / 2),
                    width: 4 * kernel.channels, stride: kernel.outputStride))
        case .featureMap(let kernel):
            let tokens = Extent(rows: kernel.map.count, width: kernel.channels)
            let planes = Extent(rows: kernel.channels, width: kernel.map.count)
            self.init(input: tokens, output: kernel.layout == .planes ? planes : tokens)
        }
    }

    /// Squares that cover a map, whose last ones may stick out.
    private static func tiles(_ map: Resolution, _ side: Int) -> Int {
        ((map.height + side - 1) / side) * ((map.width + side - 1) / side)
    }

    private init(onePass extent: Extent) { self.init(input: extent, output: extent) }

    private init(_ shape: GEMM.Shape) {
        let output = Extent(rows: shape.rows, width: shape.n, stride: shape.outputStride)
        self.init(
            input: Extent(rows: shape.rows, width: shape.k, stride: shape.inputStride),
            second: shape.epilogue == .residual ? output : nil, output: output)
    }

    private init(_ kernel: HiFiAttention) {
        let (tokens, channels) = (kernel.map.count, kernel.heads * kernel.headDim)
        self.init(
            input: Extent(rows: tokens, width: 3 * channels, stride: kernel.inputStride),
            output: Extent(rows: tokens, width: channels, stride: kernel.outputStride))
    }

    private init(_ shape: LoFiAttention.Shape) {
        let channels = shape.heads * shape.headDim
        self.init(
            input: Extent(rows: shape.queries, width: channels, stride: shape.queryStride),
            second: Extent(rows: shape.keys, width: 2 * channels, stride: shape.keyStride),
            output: Extent(rows: shape.queries, width: channels, stride: shape.outputStride))
    }
}
