import Graphs
import Machines

/// softmax(q·kᵀ)·v inside windows: the Hi-Fi branch of HiLo attention (LITv2, section 3.2). q carries
/// the factor of q·kᵀ. Windows are small, so a query's scores are dot products.
public enum HiFiAttention: KernelFamily {
    public static let id = "hifi_attention"
    public static let role = KernelRole.attention

    public struct Spec: WindowedSpec, Sendable, Hashable, Codable {
        public let map: Resolution
        public let heads: Int
        public let headDim: Int
        public let window: Int
        /// Floats from one token to the next.
        public var inputStride: Int
        public var outputStride: Int
        public let output: ElementType?

        public init(
            map: Resolution, heads: Int, headDim: Int, window: Int, inputStride: Int? = nil,
            outputStride: Int? = nil, output: ElementType = .f32
        ) {
            self.map = map
            self.heads = heads
            self.headDim = headDim
            self.window = window
            self.inputStride = inputStride ?? 3 * heads * headDim
            self.outputStride = outputStride ?? heads * headDim
            self.output = output.inSpec
        }
    }

    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        let input = graph.nodes[node].inputs[0]
        guard case .windowAttention(let heads, let windows, 1) = graph.nodes[node].operation,
            windows.shift == 0, windows.positionBias == nil
        else { return nil }
        let spec = Spec(
            map: graph.tensors[input].map, heads: heads.count, headDim: heads.dim,
            window: windows.side, output: graph.outputType(of: node))
        guard spec.isPadded else { return Match(spec, graph, node) }
        return graph.linear(producing: input).map {
            Match(spec, graph, node, weights: [.bias(of: $0)])
        }
    }

    public static var inputStrides: [WritableKeyPath<Spec, Int>] { [\.inputStride] }
    public static var outputStrides: [WritableKeyPath<Spec, Int>] { [\.outputStride] }

    public static func operands(_ spec: Spec) -> Operands {
        Operands(
            inputs: [spec.qkv], outputs: [spec.attended],
            // Keys and values of tokens beyond the map.
            weightBytes: spec.isPadded ? 4 * 2 * spec.channels : 0)
    }

    public static func macs(_ spec: Spec) -> Int {
        spec.map.count * spec.keys * spec.channels * 2
    }

    public static func scratch(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> Int { 0 }

    /// Scores are dot products of one query and one key, each summed across a vector.
    public static func work(_ spec: Spec, _ how: Fixed, _ isa: ISA, batch: Int) -> Work {
        let scores = Double(spec.map.count * spec.keys * spec.heads)
        let vectors = Double(spec.headDim.dividedRoundingUp(by: isa.lanes))
        let horizontalSum = 8.0
        return Work(
            fmas: 2 * vectors * scores,
            operations: scores
                * (horizontalSum + Work.exponential(on: isa) / Double(min(isa.lanes, 4))),
            accesses: 4 * vectors * scores, units: spec.windows
        ).times(batch, Traffic(operands(spec)))
    }

    public static func source(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelSource {
        KernelSource(
            template: "hifi_attention/kernel.c",
            operation: "hifi_\(spec.map)_\(spec.heads)x\(spec.headDim)_window\(spec.window)"
                + "_in\(spec.inputStride)_out\(spec.outputStride)"
                + elementSuffix("out", spec.output),
            fields: mapFields(spec.map) + [
                ShapeField("window", spec.window), ShapeField("heads", spec.heads),
                ShapeField("head_dim", spec.headDim), ShapeField("input_stride", spec.inputStride),
                ShapeField("output_stride", spec.outputStride),
            ] + elementFields("output", spec.output), rules: spec.map.rules
        ) { Context(name: $0, spec) }
    }

    private struct Context: Sendable {
        let name: String
        let height, width: String
        let heads, headDim, window, inputStride, outputStride: Int
        let sizes: SizeTags
        let output: ElementTags

        init(name: String, _ spec: Spec) {
            self.name = name
            (height, width) = (spec.map.heightText, spec.map.widthText)
            (heads, headDim, window) = (spec.heads, spec.headDim, spec.window)
            (inputStride, outputStride) = (spec.inputStride, spec.outputStride)
            sizes = SizeTags(spec.map)
            output = ElementTags(spec.output)
        }
    }

    public static func words(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelWords {
        KernelWords("\(spec.map), \(spec.heads)x\(spec.headDim), window \(spec.window)")
    }
}
