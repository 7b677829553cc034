import Graphs
import Kernels
import Machines
import Networks
import TestFixtures
import Testing

@testable import Planning

/// The steps of a plan compute the graph, whatever memory they share.
@Suite struct StepTests {
    @Test(arguments: 0..<60) func randomNetworks(seed: Int) throws {
        let network = try Sample.random(seed: seed)
        let isa = ISA.all[seed % ISA.all.count]
        let plan = try network.plan(isa)
        try plan.checkSymbolically()
        checkKernels(plan)
    }

    @Test(arguments: [1, 2, 3], [0, 0.3, 0.5, 1])
    func layers(window: Int, alpha: Double) throws {
        for (dim, heads) in [(24, 4), (20, 1), (12, 12)] {
            let network = try Sample.layer(dim: dim, heads: heads, window: window, alpha: alpha)
            let plan = try network.plan()
            try plan.checkSymbolically()
            checkKernels(plan)
            #expect(plan.variant.macs(of: plan.pass) == network.macs)
        }
    }

    @Test func otherAttentions() throws {
        for network in try Sample.attentions() {
            let plan = try network.plan(.avx2)
            try plan.checkSymbolically()
            checkKernels(plan)
        }
    }

    /// Maps that nothing divides, several outputs that are read on, several passes of one variant.
    @Test func backbones() throws {
        let sizes = [(60, 44), (13, 14), (33, 70)].map { Resolution(height: $0.0, width: $0.1) }
        let plan = try Planner(
            Sample.backbone(), Target(isa: .avx2, maxBatch: 3), resolutions: sizes
        ).plan()
        #expect(plan.resolutions == sizes)
        try plan.checkSymbolically()
        checkKernels(plan)
    }

    /// Pyramids behind one another, results of results, several inputs of a kernel, several passes.
    @Test(arguments: try Sample.heads()) func heads(network: Network) throws {
        let sizes = [(45, 70), (64, 33)].map { Resolution(height: $0.0, width: $0.1) }
        let plan = try Planner(network, Target(isa: .avx2, maxBatch: 3), resolutions: sizes).plan()
        try plan.checkSymbolically()
        checkKernels(plan)
    }

    /// A whole ConvFFN as one kernel, however small its map is.
    @Test(arguments: 0..<20) func fusedConvFFNs(seed: Int) throws {
        let network = try Sample.random(seed: seed)
        let plan = try network.plan(.avx2)
        let whole = network.wholeConvFFNs(on: .avx2)
        var decisions = Decisions()
        for kernel in whole { decisions.adopt(kernel, on: .avx2) }
        let fused = try plan.replanned(with: decisions)
        let kernels = fused.pass.steps.map { fused.variant.kernels[$0.kernel] }
        #expect(kernels.count { $0.family == FusedConvFFN.id } == whole.count)
        try fused.checkSymbolically()
        checkKernels(fused)
    }

    /// Widths that are multiples of 1024 are spread: hidden channels, and q, k, v side by side.
    @Test func spreadStrides() throws {
        let network = Network(
            try LITv2(name: "wide", height: 8, width: 8) {
                PatchEmbedding(channels: 256)
                Stage(depth: 1) { ConvFFN() }
                TokenMerging()
                Stage(depth: 0) { ConvFFN() }
                Classifier(classes: 0)
            })
        for network in [network, try Sample.layer(dim: 512)] {
            let plan = try network.plan()
            let strides = plan.variant.kernels.compactMap {
                $0.computation.spec(as: GEMM.self)?.outputStride
            }
            #expect(strides.contains(1040))
            try plan.checkSymbolically()
        }
    }

    /// What products read in narrow elements lies an odd number of cache lines apart, where every kernel that
    /// touches it takes any distance.
    @Test(arguments: [(Precision.bf16, 2), (.int8, 1)])
    func narrowTokensLieOddLinesApart(precision: Precision, bytes: Int) throws {
        let network = Network(
            try LITv2(name: "narrow", height: 64, width: 64) {
                PatchEmbedding(channels: 64)
                Stage(depth: 1) {
                    HiLoAttention(heads: 4, window: 2, alpha: 0.5)
                    ConvFFN()
                }
                TokenMerging()
                Stage(depth: 1) { ConvFFN() }
                Classifier(classes: 0)
            })
        let plan = try Planner(network, Target(isa: .avx512amx, precision: precision)).plan()
        let strides = plan.variant.kernels.compactMap { kernel -> Int? in
            let spec = kernel.computation.spec(as: GEMM.self)
            return spec?.element == nil || spec?.k == spec?.inputStride ? nil : spec?.inputStride
        }
        #expect(!strides.isEmpty && strides.allSatisfy { $0 * bytes / 64 % 2 == 1 }, "\(strides)")
    }

    /// The checker itself notices a step that works on another place: beyond the arena, or a cache line
    /// further.
    @Test(arguments: [1 << 22, 64]) func aWrongOffsetIsFound(distance: Int) throws {
        let network = try Sample.tiny()
        let plan = try network.plan()
        var moved = 0
        for pass in plan.pass.withOneOperandMoved(by: distance) {
            var run = SymbolicRun(network, plan.variant, pass)
            #expect(throws: SymbolicRun.Failure.self) { try run.check() }
            moved += 1
        }
        #expect(moved > 20)
    }

    /// The same in segmenters and detectors; of the many steps of each some.
    @Test(arguments: try Sample.heads(height: 16, width: 20))
    func aWrongOffsetInHeadsIsFound(network: Network) throws {
        let plan = try network.plan()
        let passes = plan.pass.withOneOperandMoved(by: 64)
        #expect(passes.count > 60)
        for pass in passes.enumerated().filter({ $0.offset % 9 == 4 }).map(\.element) {
            var run = SymbolicRun(network, plan.variant, pass)
            #expect(throws: SymbolicRun.Failure.self) { try run.check() }
        }
    }

    private func checkKernels(_ plan: Plan) {
        for variant in plan.variants {
            #expect(Set(variant.kernels).count == variant.kernels.count)
            let steps = variant.passes.flatMap(\.steps)
            #expect(Set(steps.map(\.kernel)) == Set(variant.kernels.indices))
            for place in steps.flatMap({ $0.inputs + $0.outputs }) {
                switch place.base {
                case .arena(let offset), .lent(_, let offset): #expect(offset % 64 == 0)
                case .input, .output: break
                }
            }
        }
    }
}

extension Pass {
    /// The pass with a wrong place of one operand, for each operand in the arena or in what an output
    /// lends.
    fileprivate func withOneOperandMoved(by distance: Int) -> [Pass] {
        steps.indices.flatMap { index in
            steps[index].withOneOperandMoved(by: distance).map { step in
                var steps = steps
                steps[index] = step
                return Pass(
                    resolution: resolution, steps: steps, arenaBytes: arenaBytes,
                    scratchBytes: scratchBytes, imagesPerThread: imagesPerThread)
            }
        }
    }
}

extension Step {
    fileprivate func withOneOperandMoved(by distance: Int) -> [Step] {
        func moved(_ places: [Place]) -> [[Place]] {
            places.indices.compactMap { index in
                let column = places[index].column
                var places = places
                switch places[index].base {
                case .arena(let offset):
                    places[index] = Place(base: .arena(offset + distance), column: column)
                case .lent(let output, let offset):
                    places[index] = Place(
                        base: .lent(output: output, offset: offset + distance), column: column)
                case .input, .output: return nil
                }
                return places
            }
        }
        func step(_ inputs: [Place], _ outputs: [Place]) -> Step {
            Step(kernel: kernel, label: label, inputs: inputs, outputs: outputs, weights: weights)
        }
        return moved(inputs).map { step($0, outputs) } + moved(outputs).map { step(inputs, $0) }
    }
}
