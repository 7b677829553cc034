import Kernels
import Machines
import Networks
import Planning
import TestFixtures
import Testing

@Suite struct PredictionTests {
    private static let machine = MachineModel(isa: .avx512, cores: 2)

    /// Two machines, of which the second is better in one respect.
    private static let improvements: [(String, @Sendable (inout MachineModel) -> Void)] = [
        ("peak", { $0.peak *= 1.5 }), ("L1", { $0.l1.bandwidth *= 1.5 }),
        ("L2", { $0.l2.bandwidth *= 1.5 }), ("L3", { $0.l3.bandwidth *= 1.5 }),
        ("memory", { $0.memoryBandwidth *= 1.5 }), ("cores", { $0.cores += 1 }),
        ("L2 capacity", { $0.l2.capacity *= 4 }), ("L3 capacity", { $0.l3.capacity *= 8 }),
        ("overhead", { $0.stepOverhead /= 2 }),
    ]

    @Test func aBetterMachineIsNeverSlower() throws {
        for network in [try Sample.small(), try Sample.tiny()] {
            let plan = try network.plan()
            for (name, improve) in Self.improvements {
                var better = Self.machine
                improve(&better)
                let (before, after) = (
                    plan.predictions(on: Self.machine), plan.predictions(on: better)
                )
                for (first, second) in zip(before, after) {
                    #expect(second.seconds <= first.seconds, "\(name)")
                }
            }
        }
    }

    /// Every part of the model matters to some kernel of LITv2-S.
    @Test func everyImprovementHelps() throws {
        var slow = Self.machine
        slow.l1.bandwidth /= 4
        let plan = try Sample.small().plan()
        for (name, improve) in Self.improvements {
            var better = name == "L1" ? slow : Self.machine
            let before = plan.predictedSeconds(on: better)
            improve(&better)
            #expect(plan.predictedSeconds(on: better) < before, "\(name)")
        }
    }

    @Test(arguments: ISA.all) func moreImagesTakeLonger(isa: ISA) throws {
        let plan = try Sample.small().plan(isa)
        let machine = MachineModel(isa: isa, cores: 2)
        let times = [1, 2, 3, 8].map { plan.predictedSeconds(on: machine, batch: $0) }
        #expect(times == times.sorted())
        // But no longer than one after the other, weights being read once for all.
        #expect(times[3] < 8 * times[0] * 1.25)
        #expect(times[3] > 4 * times[0])
    }

    @Test func thePassIsTheSumOfItsSteps() throws {
        let plan = try Sample.small().plan()
        let calls = plan.predictions(on: Self.machine)
        #expect(calls.count == plan.variant.kernels.count)
        let sum = calls.indices.reduce(0.0) { sum, kernel in
            sum + calls[kernel].seconds * Double(plan.pass.steps.count { $0.kernel == kernel })
        }
        let total = plan.predictedSeconds(on: Self.machine)
        #expect(abs(total - sum) < 1e-12)
        // Multiply-adds alone need that long, and nothing in LITv2-S costs as much again.
        let floor = 2 * Double(plan.variant.macs(of: plan.pass)) / (Self.machine.peak * 2)
        #expect(total > floor)
        #expect(total < 2 * floor)
    }

    @Test func aPredictionIsItsSlowestBound() throws {
        for prediction in try Sample.small().plan().predictions(on: Self.machine) {
            let overhead = try #require(prediction.bounds[.overhead])
            let work = prediction.bounds.filter { $0.key != .overhead }.values.max() ?? 0
            #expect(prediction.seconds == work + overhead)
            #expect(prediction.bounds[prediction.limit] == max(work, overhead))
        }
    }

    @Test func aMeasuredPeakTakesTheNearCachesAlong() {
        let model = Self.machine.measured(peak: Self.machine.peak / 2)
        #expect(model.peak == Self.machine.peak / 2)
        #expect(model.l1.bandwidth == Self.machine.l1.bandwidth / 2)
        #expect(model.l2.bandwidth == Self.machine.l2.bandwidth / 2)
        #expect(model.memoryBandwidth == Self.machine.memoryBandwidth)
    }
}

@Suite struct TrafficTests {
    /// A family's operands, from which everything else follows, are what its kernels touch.
    @Test func bytesAreThoseThatTheKernelTouches() throws {
        for network in try [Sample.tiny(), Sample.backbone()] + Sample.attentions()
            + Sample.heads()
        {
            let plan = try network.plan()
            for kernel in plan.variant.kernels {
                let footprint = Footprint(kernel.computation)
                let (reads, writes) = (footprint.inputs, footprint.output)
                #expect(kernel.traffic.input == reads.reduce(0) { $0 + 4 * $1.rows * $1.width })
                #expect(kernel.traffic.output == 4 * writes.rows * writes.width)
                let operands = kernel.operands
                #expect(operands.inputs.map(\.stride) == reads.map(\.stride))
                #expect(operands.outputs.map(\.stride) == [writes.stride])
                #expect(operands.inputs.map(\.span) == reads.map { 4 * $0.rows * $0.stride })
            }
        }
    }

    /// Packed weights are the same numbers with padding.
    @Test(arguments: ISA.all) func weightsArePackedWithLittlePadding(isa: ISA) throws {
        let plan = try Sample.small().plan(isa)
        for step in plan.pass.steps {
            let weights = plan.variant.kernels[step.kernel].traffic.weights
            let packed = 4 * plan.weights(of: step).reduce(0) { $0 + $1.count }
            #expect(weights <= packed)
            #expect(packed <= weights + weights / 4 + 4096)
        }
    }

    @Test func aBatchReadsWeightsOnce() {
        let traffic = Traffic(input: 3, output: 4, weights: 50)
        #expect(traffic.total(batch: 10) == 120)
    }

    @Test func flopsAreTwiceTheMultiplyAdds() throws {
        for kernel in try Sample.tiny().plan().variant.kernels
            + Sample.backbone().plan().variant.kernels
        {
            let computation = kernel.computation
            if let norm = computation.spec(as: LayerNorm.self) {
                #expect(computation.flops == 7 * norm.rows * norm.channels)
            } else if let pool = computation.spec(as: MeanPool.self) {
                #expect(computation.flops == pool.rows * pool.channels)
            } else if let pool = computation.spec(as: AveragePool.self) {
                #expect(computation.flops == pool.map.count * pool.channels)
            } else if let map = computation.spec(as: FeatureOutput.self) {
                let norm = map.isNormalised ? 7 : 0
                #expect(computation.flops == norm * map.map.count * map.channels)
            } else {
                #expect(computation.flops == 2 * computation.macs)
            }
        }
    }
}

/// What a plan's steps say of the arena is what the planner laid out.
@Suite struct BufferTests {
    private func expectThePlannersBuffers(_ network: Network) throws {
        let plan = try network.plan()
        let expected = try network.requests(in: plan).map { "\($0.size) \($0.lifetime)" }
        let buffers = plan.variant.buffers(of: plan.pass)
        #expect(Set(buffers.map { "\($0.size) \($0.steps)" }) == Set(expected))
        #expect(buffers.count == expected.count)
    }

    @Test(arguments: [0.0, 0.5, 0.9, 1.0]) func ofLITv2S(alpha: Double) throws {
        try expectThePlannersBuffers(try Sample.small(alpha: alpha))
    }

    @Test(arguments: 0..<30) func ofRandomNetworks(seed: Int) throws {
        try expectThePlannersBuffers(try Sample.random(seed: seed))
    }

    @Test func ofABackbone() throws { try expectThePlannersBuffers(try Sample.backbone()) }

    @Test func ofHeads() throws {
        for network in try Sample.heads() { try expectThePlannersBuffers(network) }
    }

    @Test func buffersAliveTogetherAreApart() throws {
        let plan = try Sample.small().plan()
        let buffers = plan.variant.buffers(of: plan.pass)
        for (index, first) in buffers.enumerated() {
            #expect(first.offset + first.size <= plan.pass.arenaBytes)
            for second in buffers[(index + 1)...] where first.steps.overlaps(second.steps) {
                let (a, b) = (
                    first.offset..<first.offset + first.size,
                    second.offset..<second.offset + second.size
                )
                #expect(!a.overlaps(b))
            }
        }
    }
}
