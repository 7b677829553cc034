import Graphs
import Kernels
import Machines
import Networks
import TestFixtures
import Testing

@testable import Planning

/// The packed weights hold every parameter of a network once, without gaps.
@Suite struct WeightTests {
    @Test(arguments: ISA.all) func everyParameterIsPackedOnce(isa: ISA) throws {
        for precision in [Precision.f32, .int8] { try expectEachOnce(isa, precision) }
    }

    private func expectEachOnce(_ isa: ISA, _ precision: Precision) throws {
        for network in try Sample.networks() {
            var uses: [String: Uses] = [:]
            let plan = try Planner(network, Target(isa: isa, precision: precision)).plan()
            for tensor in plan.weights { tensor.packing.count(in: &uses) }
            #expect(Set(uses.keys) == Set(network.parameters.map(\.name)), "\(network.name)")
            for parameter in network.parameters {
                #expect(
                    uses[parameter.name]?.isOnce(of: parameter.count) == true,
                    "\(network.name): \(parameter.name)")
            }
        }
    }

    @Test(arguments: ISA.all) func blocksFollowEachOtherOnCacheLines(isa: ISA) throws {
        for network in try Sample.networks() {
            let plan = try network.plan(isa)
            var end = 0
            for block in plan.weights {
                #expect(block.offset == end)
                #expect(block.offset % 16 == 0)
                #expect(block.count == block.packing.floats, "\(block.name)")
                end += block.count
            }
            #expect(plan.weightFloats == end)
        }
    }

    /// Every step that has weights has its own, in the order in which they are read; a fused
    /// ConvFFN reads the three blocks of the kernels it stands for, and attention in windows beyond
    /// the map the bias of a GEMM before it.
    @Test func stepsReadTheirBlocksInOrder() throws {
        for network in try Sample.networks() {
            let plan = try network.plan()
            var next = 0
            for step in plan.pass.steps {
                let computation = plan.variant.kernels[step.kernel].computation
                var places = step.weights[...]
                if computation.readsBias, let bias = places.popFirst() {
                    expectBias(bias, before: next, plan)
                }
                let blocks = next..<next + computation.weightBlocks
                let expected = blocks.map { WeightPlace(block: $0, offset: 0) }
                #expect(Array(places) == expected, "\(step.label)")
                next = blocks.upperBound
            }
            #expect(next == plan.weights.count)
        }
    }

    /// Of the projection to q, k and v, whose matrix stands before it in the block.
    private func expectBias(_ place: WeightPlace, before next: Int, _ plan: Plan) {
        guard place.block < next,
            case .panels(let linears) = plan.weights[place.block].packing
        else {
            Issue.record("block \(place.block) holds no bias that was packed before")
            return
        }
        #expect(linears[0].parameter.hasSuffix("qkv"))
        let columns = linears.reduce(0) { $0 + $1.outputs }.rounded(upTo: 32)
        #expect(place.offset == columns * linears[0].inputs)
    }

    /// Padded windows occur in the networks of these tests.
    @Test func backbonesReadBiases() throws {
        let plan = try Sample.backbone().plan()
        let padded = plan.variant.kernels.filter {
            $0.computation.spec(as: HiFiAttention.self)?.isPadded == true
        }
        #expect(padded.count == 2)
    }

    /// All passes read the same weights, which are packed as those of a single one.
    @Test(arguments: ISA.all) func resolutionsShareWeights(isa: ISA) throws {
        let sizes = [(60, 44), (256, 224), (13, 14)].map { Resolution(height: $0.0, width: $0.1) }
        let (network, target) = (try Sample.backbone(), try Target(isa: isa))
        let plan = try Planner(network, target, resolutions: sizes).plan()
        #expect(plan.weights == (try Planner(network, target).plan()).weights)
        let all = Set(plan.weights.indices)
        for pass in plan.variant.passes {
            #expect(Set(pass.steps.flatMap { $0.weights.map(\.block) }) == all)
        }
    }

    /// Winograd's form too: what is packed does not depend on a map's size.
    @Test func resolutionsOfHeadsShareWeights() throws {
        let sizes = [(45, 70), (256, 224), (13, 14)].map { Resolution(height: $0.0, width: $0.1) }
        for network in try Sample.heads() {
            let plan = try Planner(network, Target(isa: .avx2), resolutions: sizes).plan()
            #expect(plan.weights == (try network.plan(.avx2)).weights)
        }
    }

    /// One file of weights serves the kernels of all instruction sets.
    @Test func instructionSetsShareWeights() throws {
        for network in try [Sample.tiny(), Sample.backbone()] + Sample.heads() {
            let plan = try Planner(network, Target(isas: [.generic, .avx2, .avx512])).plan()
            #expect(plan.variants.map(\.isa) == [.generic, .avx2, .avx512])
            for variant in plan.variants {
                let single = try network.plan(variant.isa)
                #expect(single.variants == [variant])
                #expect(single.weights == plan.weights)
            }
        }
    }

    /// Packing pads; it must not blow up a real network.
    @Test(arguments: ISA.all) func paddingIsSmall(isa: ISA) throws {
        let network = try Sample.small()
        let plan = try network.plan(isa)
        #expect(Double(plan.weightFloats) < 1.02 * Double(network.parameterCount))
    }

    @Test func batchNormGoesToTheGEMMBeforeIt() throws {
        let norms = try Sample.small().plan().weights.compactMap { block -> String? in
            guard case .panels(let linears) = block.packing else { return nil }
            guard let norm = linears.compactMap(\.batchNorm).first else { return nil }
            return linears.map(\.parameter).joined() + " " + norm
        }
        #expect(
            norms
                == (0..<3).map {
                    "layers.\($0).downsample.dconv layers.\($0).downsample.norm_layer"
                })
    }
}

/// How often the values of a parameter are packed.
private struct Uses {
    var ranges: [Range<Int>] = []
    var single: [Int: Int] = [:]

    func isOnce(of count: Int) -> Bool {
        let sorted = ranges.sorted { $0.lowerBound < $1.lowerBound }
        let end = sorted.reduce(0) { $1.lowerBound == $0 ? $1.upperBound : .min }
        if single.isEmpty { return end == count }
        return ranges.isEmpty && Set(single.keys) == Set(0..<count)
            && single.values.allSatisfy { $0 == 1 }
    }
}

extension Packing {
    /// Adds the values that it takes from a checkpoint.
    fileprivate func count(in uses: inout [String: Uses]) {
        switch self {
        case .panels(let linears):
            for linear in linears { linear.count(in: &uses) }
        case .winograd(let linear, _):
            linear.count(in: &uses)
        case .rows(let rows, _):
            for row in rows {
                guard let parameter = row.parameter else { continue }
                for index in 0..<row.count * row.valuesInWord {
                    let (word, value) = index.quotientAndRemainder(dividingBy: row.valuesInWord)
                    uses[parameter, default: Uses()].single[
                        row.start + word * row.stride + value, default: 0] += 1
                }
            }
        }
    }
}

extension Linear {
    fileprivate func count(in uses: inout [String: Uses]) {
        for (name, range) in parameters { uses[name, default: Uses()].ranges.append(range) }
    }

    /// What it and its BatchNorm take; of a matrix whose rows are no permutation nothing.
    fileprivate var parameters: [(String, Range<Int>)] {
        if case .transposed(let points) = order { return transposed(points: points) }
        let order = Set((0..<inputs).map { position(ofRow: 0, input: $0) - firstRow * inputs })
        let rows = firstRow..<firstRow + outputs
        let matrix = rows.lowerBound * inputs..<rows.upperBound * inputs
        let statistics = ["weight", "bias", "running_mean", "running_var"]
        var read: [(String, Range<Int>)] = []
        if order == Set(0..<inputs) { read.append(("\(parameter).weight", matrix)) }
        if hasBias { read.append(("\(parameter).bias", rows)) }
        if let batchNorm { read += statistics.map { ("\(batchNorm).\($0)", 0..<outputs) } }
        return read
    }

    /// All of its matrix, and a bias that all points share.
    private func transposed(points: Int) -> [(String, Range<Int>)] {
        let places = Set(
            (0..<outputs).flatMap { row in
                (0..<inputs).map { position(ofRow: row, input: $0) }
            })
        let biases = Set((0..<outputs).map { biasPosition(ofRow: $0) })
        let isWhole =
            places == Set(0..<outputs * inputs) && biases == Set(0..<outputs / points)
        return isWhole
            ? [
                ("\(parameter).weight", 0..<outputs * inputs),
                ("\(parameter).bias", 0..<outputs / points),
            ] : []
    }
}

extension Packing {
    /// The floats that kernels of any instruction set read: panels of 32 columns and their bias, rows in
    /// whole cache lines.
    fileprivate var floats: Int {
        switch self {
        case .panels(let linears):
            let columns = linears.reduce(0) { $0 + $1.outputs }.rounded(upTo: 32)
            return columns * linears[0].inputs + columns
        case .winograd(let linear, let form):
            let columns = linear.outputs.rounded(upTo: 32)
            return columns * (linear.inputs / 9) * form.points + columns
        case .rows(let rows, let width): return rows.count * width.rounded(upTo: 16)
        }
    }
}

extension Computation {
    /// Whether windows have tokens beyond the map, whose q, k and v are a bias.
    fileprivate var readsBias: Bool {
        spec(as: HiFiAttention.self)?.isPadded ?? spec(as: WindowAttention.self)?.isPadded ?? false
    }

    fileprivate var weightBlocks: Int {
        switch family {
        case FusedConvFFN.id: 3
        case GEMM.id, LayerNorm.id, DepthwiseGELU.id, DeformableSampling.id: 1
        case DirectConvolution.id, WinogradConvolution.id, MaskOutput.id: 1
        case WindowAttention.id: spec(as: WindowAttention.self)?.hasTable == true ? 1 : 0
        case FeatureOutput.id: spec(as: FeatureOutput.self)?.isNormalised == true ? 1 : 0
        default: 0
        }
    }
}
