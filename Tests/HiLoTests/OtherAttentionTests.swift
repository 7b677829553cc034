import Foundation
import HiLoKit
import TestFixtures
import Testing

/// Attention of all tokens, with spatial reduction, and in windows, against PyTorch.
@Suite(.serialized) struct OtherAttentionTests {
    @Test(arguments: TestScope.isas) func layersAgreeWithPyTorch(isa: ISA) async throws {
        guard isa.isAvailable() else { return print("SKIPPED: this CPU lacks \(isa.title)") }
        let fixture = try AttentionCase.load()
        #expect(fixture.cases.count >= 40)
        // What differs by instruction set is in the vectors: fewer cases show those of others.
        let stride = isa == .native() ? 4 : 12
        let cases = TestScope.chosen(Array(fixture.cases.enumerated())) { $0.offset % stride != 0 }
            .map(\.element)
        let plans = try cases.map { item in
            (id: item.id, plan: try Planner(item.network(), Target(isa: isa)).plan())
        }
        let farm = try await LibraryFarm.grow(plans, isa: isa)
        defer { farm.remove() }
        var errors = ErrorTally()
        for (item, (id, plan)) in zip(cases, plans) {
            let own = plan.network.parameters.map { "\($0.name) \($0.shape)" }
            #expect(Set(own) == Set(item.parameters.map { "\($0.name) \($0.shape)" }), "\(id)")
            try farm.with(id, plan, .seed(item.seed)) { library in
                let output = item.sample(of: try library.run(item.inputs(), threads: 3))
                let single = try fixture.required("\(id).output32").values
                let double = try fixture.required("\(id).output64").values
                try errors.compare("\(id), \(isa)", output, single: single, double: double)
            }
        }
        errors.check("\(isa)", on: isa)
    }

    /// What packing does to rows of one matrix and to position biases is undone.
    @Test func packedWeightsComeBack() throws {
        for item in try AttentionCase.load().cases {
            let network = try item.network()
            let plan = try Planner(network, Target(isa: .generic)).plan()
            let source = try WeightSource.seed(item.seed).weights(for: network)
            let packer = WeightPacker(source, plan)
            let packed = plan.weights.flatMap { packer.values(of: $0) }
            let found = WeightUnpacker(plan).weights(from: packed)
            for parameter in network.parameters {
                let pairs = zip(found[parameter.name], source[parameter.name])
                #expect(
                    found[parameter.name].count == parameter.count, "\(item), \(parameter.name)")
                // The factor of q is multiplied in and divided out.
                let isNear = pairs.allSatisfy { abs($0 - $1) <= 2e-7 * abs($1) }
                #expect(isNear, "\(item), \(parameter.name)")
            }
        }
    }
}

extension AttentionCase {
    fileprivate func network() throws -> Network {
        let map = Resolution(height: height, width: width)
        switch kind {
        case .msa:
            return Network(
                try MSA(name: "net", dim: dim, heads: heads, qkvBias: qkvBias, map: map))
        case .sra(let ratio):
            return Network(
                try SRA(
                    name: "net", dim: dim, heads: heads, ratio: ratio, qkvBias: qkvBias, map: map))
        case .window(let side, let shift, let positionBias):
            return Network(
                try WindowMSA(
                    name: "net", dim: dim, heads: heads, window: side, shift: shift,
                    hasPositionBias: positionBias, qkvBias: qkvBias, map: map))
        }
    }
}
