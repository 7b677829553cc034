import Checkpoints
import CodeGeneration
import Graphs
import Kernels
import Networks
import Planning
import TestFixtures
import Testing

@Suite struct PackingTests {
    private func weights(of network: Network) -> Weights {
        Weights(
            Dictionary(
                uniqueKeysWithValues: network.parameters.map { ($0.name, $0.seededValues(seed: 3)) }
            ))
    }

    /// Everything but what is folded comes back to the bit; q was scaled, token merging has its
    /// BatchNorm inside.
    @Test func unpackingRecoversTheCheckpoint() throws {
        for plan in try samplePlans() {
            let original = weights(of: plan.network)
            let packer = WeightPacker(original, plan)
            let packed = plan.weights.flatMap { packer.values(of: $0) }
            #expect(packed.count == plan.weightFloats)
            let recovered = WeightUnpacker(plan).weights(from: packed)
            #expect(recovered.names == original.names)
            for parameter in plan.network.parameters {
                compare(parameter, original[parameter.name], recovered[parameter.name])
            }
        }
    }

    private func compare(_ parameter: Parameter, _ original: [Float], _ recovered: [Float]) {
        #expect(original.count == recovered.count, "\(parameter.name)")
        let name = parameter.name
        if name.contains("norm_layer") || name.contains("dconv.weight")
            || name.contains("dconv.bias")
        {
            return
        }
        let isScaled = name.contains("l_q.") || name.contains("h_qkv.")
        for (a, b) in zip(original, recovered) {
            #expect(isScaled ? abs(a - b) <= 2e-7 * abs(a) : a == b, "\(name)")
        }
    }

    /// In bf16 matrices are rounded once, everything else comes back to the bit, and the file is half as
    /// large.
    @Test func narrowMatricesAreRounded() throws {
        let network = Network(try Preset.small.network(name: "net"))
        let single = try Planner(network, Target(isa: .avx2)).plan()
        let plan = try Planner(network, Target(isa: .avx2, precision: .bf16)).plan()
        let matrices = try Planner(network, Target(isa: .avx2, precision: .bf16Weights)).plan()
        #expect(Double(plan.weightBytes) < 0.505 * Double(single.weightBytes))
        #expect(matrices.weightBytes == plan.weightBytes)
        let fingerprints = [single, plan, matrices].map(\.fingerprint)
        #expect(Set(fingerprints).count == 3)
        let original = weights(of: network)
        let packer = WeightPacker(original, plan)
        let recovered = WeightUnpacker(plan).weights(
            from: plan.weights.flatMap { packer.values(of: $0) })
        for name in ["layers.0.blocks.1.mlp.fc2", "layers.3.blocks.0.attn.l_proj", "head"] {
            let (matrix, found) = (original["\(name).weight"], recovered["\(name).weight"])
            #expect(found == matrix.map { BF16($0).value } && found != matrix, "\(name)")
            #expect(recovered["\(name).bias"] == original["\(name).bias"], "\(name)")
        }
        #expect(recovered["norm.weight"] == original["norm.weight"])
    }

    /// Scales and offsets come out again: norms and biases to rounding, matrices to half a step.
    @Test func scalesOfIntegersAreTakenOut() throws {
        let network = Network(try Preset.small.network(name: "net"))
        let single = try Planner(network, Target(isa: .avx2)).plan()
        let plan = try Planner(network, Target(isa: .avx2, precision: .int8)).plan()
        #expect(Double(plan.weightBytes) < 0.26 * Double(single.weightBytes))
        let original = weights(of: network)
        let packer = WeightPacker(original, plan, calibration: calibration(of: network))
        let recovered = WeightUnpacker(plan).weights(
            from: plan.weights.flatMap { packer.values(of: $0) })
        for name in [
            "layers.2.blocks.1.norm1",
            "layers.2.blocks.1.attn.h_qkv", "layers.2.blocks.1.attn.l_kv",
            "layers.1.blocks.0.mlp.fc2",
        ] {
            let largest = original["\(name).weight"].map(abs).max() ?? 0
            expectNear(
                original["\(name).weight"], recovered["\(name).weight"],
                name.contains("norm") ? 1e-5 : 0.05 * largest, name)
            // Biases hold what rounding the matrix is off by in the mean.
            expectNear(original["\(name).bias"], recovered["\(name).bias"], 0.05, name)
        }
        let taps = "layers.1.blocks.0.mlp.dwconv.dwconv"
        let rounded = original["\(taps).weight"].map { BF16($0).value }
        #expect(recovered["\(taps).weight"] == rounded && rounded != original["\(taps).weight"])
        #expect(recovered["\(taps).bias"] == original["\(taps).bias"])
        // A matrix that floats meet has steps and no scales.
        let head = original["head.weight"]
        expectNear(head, recovered["head.weight"], 0.05 * (head.map(abs).max() ?? 0), "head")
        #expect(recovered["head.bias"] == original["head.bias"])
    }

    /// Weights of a layer that is kept are those of a library in that type, and all others those of integers.
    @Test(arguments: [
        (KeptLayer("layers.0.blocks.0.attn"), Precision.bf16),
        (KeptLayer("layers.0.blocks.0.attn", in: .f32), .f32),
    ])
    func keptLayersAreOfTheirType(layer: KeptLayer, precision: Precision) throws {
        let network = try Sample.tiny()
        let (kept, type) = (layer.layer, layer.type)
        let (original, calibration) = (weights(of: network), calibration(of: network))
        func plan(_ precision: Precision, _ kept: [KeptLayer] = []) throws -> Plan {
            try Planner(network, Target(isa: .avx2, precision: precision, kept: kept)).plan()
        }
        func blocks(_ plan: Plan) -> [String: [UInt32]] {
            let packer = WeightPacker(
                original, plan,
                calibration: plan.target.precision == .int8 ? calibration : nil)
            return Dictionary(
                uniqueKeysWithValues: plan.weights.map {
                    ($0.name, packer.values(of: $0).map(\.bitPattern))
                })
        }
        let plans = (integers: try plan(.int8), kept: try plan(.int8, [layer]))
        let (integers, wide) = (blocks(plans.integers), blocks(try plan(precision)))
        var wider = 0
        for (name, values) in blocks(plans.kept) {
            // What has scales: the matrices of the attention and the norm before it.
            let isKept = name.contains(kept) || name == "layers.0.blocks.0.norm1"
            #expect(values == (isKept ? wide : integers)[name], "\(name)")
            if isKept, values != integers[name] { wider += 1 }
        }
        #expect(wider >= 5)
        #expect(!plans.kept.weights.contains { $0.name.hasPrefix("scales of \(kept)") })
        #expect(plans.kept.fingerprint != plans.integers.fingerprint)
        // Whatever was measured, and in whatever order they stand.
        let second = KeptLayer("layers.1.blocks.0.mlp")
        let other = try plan(.int8, [second, layer])
        let same = try plan(.int8, [KeptLayer(kept, in: type, error: 0.1), second])
        #expect(other.fingerprint == same.fingerprint)
        #expect(other.fingerprint != plans.kept.fingerprint)
    }

    /// Zeros beyond the map of one resolution leave all of them without offsets.
    @Test func offsetsAreNoneWhereAnyResolutionMeetsZeros() throws {
        let whole = Resolution(height: 256, width: 256), odd = Resolution(height: 224, width: 256)
        let network = Network(
            try Preset.small.network(name: "net", resolution: whole, window: 4))
        let calibration = calibration(of: network)
        let name = "layers.2.blocks.0.attn.h_qkv"
        for (resolutions, isZero) in [([whole], false), ([whole, odd], true)] {
            let plan = try Planner(
                network, Target(isa: .avx2, precision: .int8), resolutions: resolutions
            ).plan()
            let scales = try #require(plan.weights.first { $0.name == "scales of \(name)" })
            let values = WeightPacker(weights(of: network), plan, calibration: calibration)
                .values(of: scales)
            let offsets = values[(values.count / 2)...]
            #expect(offsets.allSatisfy { $0 == 0 } == isZero, "\(resolutions)")
        }
    }

    private func calibration(of network: Network) -> Calibration {
        var random = SeededGenerator(seed: 8)
        let tensors = network.quantisable.map { tensor in
            let spans = (0..<tensor.channels).map { _ in Float.random(in: 0.1...6, using: &random) }
            let least = spans.map { -$0 / Float.random(in: 1...9, using: &random) }
            return Calibration.Channels(
                name: tensor.name, least: least, greatest: spans,
                mean: zip(least, spans).map { ($0 + $1) / 4 }, meanSquare: spans.map { $0 * $0 / 4 }
            )
        }
        return Calibration(weights: "", images: 1, tensors: tensors)
    }

    private func expectNear(
        _ values: [Float], _ found: [Float], _ tolerance: Float, _ name: String
    ) {
        let difference = zip(values, found).map { abs($0 - $1) }.max() ?? 0
        #expect(values.count == found.count && difference <= tolerance, "\(name): \(difference)")
        #expect(values != found, "\(name): nothing was folded")
    }

    /// Columns beyond the last output are zero, so a whole tile can be computed.
    @Test func panelsArePaddedWithZeros() throws {
        for plan in try samplePlans() {
            let packer = WeightPacker(weights(of: plan.network), plan)
            for tensor in plan.weights {
                guard case .panels(let linears) = tensor.packing else { continue }
                let values = packer.values(of: tensor)
                let outputs = linears.reduce(0) { $0 + $1.outputs }
                let (k, panel) = (linears[0].inputs, 32)
                for column in outputs..<outputs.rounded(upTo: panel) {
                    let start = column / panel * panel * k + column % panel
                    for input in 0...k - 1 { #expect(values[start + input * panel] == 0) }
                }
            }
        }
    }
}
