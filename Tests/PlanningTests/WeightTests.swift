import Networks
import Planning
import Testing

/// The packed weights hold every parameter of a network once, without gaps.
@Suite struct WeightTests {
    @Test(arguments: ISA.allCases) func everyParameterIsPackedOnce(isa: ISA) throws {
        for network in try FusionTests.networks() {
            let packed = try network.plan(isa).weights.flatMap(\.layout.parameters)
            let expected = network.parameters.map { "\($0.name): \($0.count)" }
            #expect(packed.sorted() == expected.sorted(), "\(network.name)")
        }
    }

    @Test(arguments: ISA.allCases) func blocksFollowEachOtherOnCacheLines(isa: ISA) throws {
        for network in try FusionTests.networks() {
            let plan = try network.plan(isa)
            var end = 0
            for block in plan.weights {
                #expect(block.offset == end)
                #expect(block.offset % 16 == 0)
                #expect(block.count >= block.layout.floats(isa), "\(block.name)")
                end += block.count
            }
            #expect(plan.weightFloats == end)
        }
    }

    /// Every step that has weights has its own, in the order in which they are read; a fused
    /// ConvFFN reads the three blocks of the kernels it stands for, and Hi-Fi attention beyond the
    /// map the bias of a GEMM before it.
    @Test func stepsReadTheirBlocksInOrder() throws {
        for network in try FusionTests.networks() {
            let plan = try network.plan()
            var next = 0
            for step in plan.steps {
                if case .hiFiAttention(let kernel) = plan.kernels[step.kernel] {
                    #expect((step.weights != nil) == (kernel.bias != nil))
                    #expect(step.weights.map { $0 < next } ?? true)
                    continue
                }
                let count = plan.kernels[step.kernel].weightBlocks
                #expect(step.weights == (count > 0 ? next : nil), "\(step.label)")
                next += count
            }
            #expect(next == plan.weights.count)
        }
    }

    /// Packing pads; it must not blow up a real network.
    @Test(arguments: ISA.allCases) func paddingIsSmall(isa: ISA) throws {
        let network = try Sample.small()
        let plan = try network.plan(isa)
        #expect(Double(plan.weightFloats) < 1.02 * Double(network.parameterCount))
    }

    @Test func batchNormGoesToTheGEMMBeforeIt() throws {
        let norms = try Sample.small().plan().weights.compactMap { block -> String? in
            guard case .panels(let sources, _, let norm?) = block.layout else { return nil }
            return sources.map(\.parameter).joined() + " " + norm
        }
        #expect(
            norms
                == (0..<3).map {
                    "layers.\($0).downsample.dconv layers.\($0).downsample.norm_layer"
                })
    }
}

extension PackedTensor.Layout {
    /// The parameters it takes from a checkpoint, with their sizes.
    fileprivate var parameters: [String] {
        switch self {
        case .panels(let sources, _, let norm):
            let outputs = sources.reduce(0) { $0 + $1.outputs }
            let statistics = ["weight", "bias", "running_mean", "running_var"]
            return sources.flatMap { source in
                ["\(source.parameter).weight: \(source.outputs * source.inputs)"]
                    + (source.hasBias ? ["\(source.parameter).bias: \(source.outputs)"] : [])
            } + (norm.map { name in statistics.map { "\(name).\($0): \(outputs)" } } ?? [])
        case .norm(let name, let channels, _):
            return ["\(name).weight: \(channels)", "\(name).bias: \(channels)"]
        case .depthwise(let name, let channels, _):
            return ["\(name).weight: \(9 * channels)", "\(name).bias: \(channels)"]
        case .offsets(let name, let channels, _):
            return ["\(name).weight: \(32 * channels)", "\(name).bias: 8"]
        }
    }

    /// The floats that kernels read: columns and channels in whole vectors.
    fileprivate func floats(_ isa: ISA) -> Int {
        func padded(_ count: Int, _ unit: Int) -> Int { (count + unit - 1) / unit * unit }
        switch self {
        case .panels(let sources, let panel, _):
            let columns = padded(sources.reduce(0) { $0 + $1.outputs }, panel)
            return columns * sources[0].inputs + columns
        case .norm(_, let channels, _): return 2 * padded(channels, isa.lanes)
        case .depthwise(_, let channels, _): return 10 * padded(channels, isa.lanes)
        case .offsets(_, let channels, _): return 32 * padded(channels, isa.lanes) + 8
        }
    }
}

extension Kernel {
    fileprivate var weightBlocks: Int {
        switch self {
        case .convFFN: 3
        case .gemm, .layerNorm, .depthwiseGELU, .sampling: 1
        case .featureMap(let kernel): kernel.isNormalised ? 1 : 0
        case .patches, .averagePool, .meanPool, .hiFiAttention, .loFiAttention: 0
        }
    }
}
