import Networks
import Planning
import Testing

/// The steps of a plan compute the graph, whatever memory they share.
@Suite struct StepTests {
    @Test(arguments: 0..<60) func randomNetworks(seed: Int) throws {
        let network = try Sample.random(seed: seed)
        let isa = ISA.allCases[seed % ISA.allCases.count]
        let plan = try network.plan(isa)
        var run = SymbolicRun(network, plan)
        try run.check()
        checkKernels(plan)
    }

    @Test(arguments: [1, 2, 3], [0, 0.3, 0.5, 1])
    func layers(window: Int, alpha: Double) throws {
        for (dim, heads) in [(24, 4), (20, 1), (12, 12)] {
            let network = try Sample.layer(dim: dim, heads: heads, window: window, alpha: alpha)
            let plan = try network.plan()
            var run = SymbolicRun(network, plan)
            try run.check()
            checkKernels(plan)
            #expect(plan.macs == network.macs)
        }
    }

    /// Widths that are multiples of 1024 are spread: hidden channels, and q, k, v side by side.
    @Test func spreadStrides() throws {
        let network = Network.litv2(
            try LITv2(name: "wide", height: 8, width: 8) {
                PatchEmbedding(channels: 256)
                Stage(depth: 1) { ConvFFN() }
                TokenMerging()
                Stage(depth: 0) { ConvFFN() }
                Classifier(classes: 0)
            })
        for network in [network, try Sample.layer(dim: 512)] {
            let plan = try network.plan()
            let strides = plan.kernels.compactMap { kernel in
                if case .gemm(let gemm) = kernel { gemm.shape.outputStride } else { nil }
            }
            #expect(strides.contains(1040))
            var run = SymbolicRun(network, plan)
            try run.check()
        }
    }

    /// The checker itself notices a step that reads another place.
    @Test func aWrongOffsetIsFound() throws {
        let network = try Sample.tiny()
        let plan = try network.plan()
        let tree = try JSONValue(plan)
        let offsets = tree.numberPaths.filter { $0.first == "passes" && $0.last == "offset" }
        #expect(offsets.count > 20)
        for path in offsets {
            let moved = try tree.replacing(path, with: .integer(1 << 20)).decoded(Plan.self)
            var run = SymbolicRun(network, moved)
            #expect(throws: SymbolicRun.Failure.self) { try run.check() }
        }
    }

    private func checkKernels(_ plan: Plan) {
        #expect(Set(plan.kernels).count == plan.kernels.count)
        #expect(Set(plan.steps.map(\.kernel)) == Set(plan.kernels.indices))
        for place in plan.steps.flatMap({ [$0.input, $0.output] }) where place.base == .arena {
            #expect(place.offset % 16 == 0)
        }
    }
}
