import Graphs
import Networks
import Reference
import Testing

/// Segmenters and detectors against PyTorch in double precision (Tests/Oracle/head_networks.py): seed 5, the
/// small network `tiny`, four classes, an input of 150×203.
@Suite struct HeadReferenceTests {
    struct Expected {
        let count: Int
        let mean, meanAbs: Double
        /// The first value, the one after a third, and the last.
        let values: [Double]
    }

    private static func backbone() throws -> LITv2 {
        try LITv2(name: "tiny", height: 150, width: 203) {
            PatchEmbedding(channels: 8)
            Stage(depth: 1) { ConvFFN() }
            TokenMerging()
            Stage(depth: 1) { ConvFFN() }
            TokenMerging()
            Stage(depth: 2) {
                HiLoAttention(heads: 4, window: 2, alpha: 0.5)
                ConvFFN()
            }
            TokenMerging()
            Stage(depth: 1) {
                HiLoAttention(heads: 8, window: 1, alpha: 0.5)
                ConvFFN()
            }
            FeatureMaps()
        }
    }

    private func outputs(_ network: Network, found: [[Float]]? = nil) throws -> [[Double]] {
        let weights = Dictionary(
            uniqueKeysWithValues: network.parameters.map { ($0.name, $0.seededValues(seed: 5)) })
        let input = SeededValues(seed: 5, name: "input").values(3 * 150 * 203, scale: 2)
        return try ReferenceNetwork(network) { weights[$0] ?? [] }
            .outputs(input, continuing: found)
    }

    private func check(_ output: [Double], _ expected: Expected) throws {
        try #require(output.count == expected.count)
        let count = Double(output.count)
        let (mean, meanAbs) = (
            output.reduce(0, +) / count, output.reduce(0) { $0 + abs($1) } / count
        )
        let tolerance = 1e-9 * max(1, expected.meanAbs)
        #expect(abs(mean - expected.mean) < tolerance)
        #expect(abs(meanAbs - expected.meanAbs) < tolerance)
        let places = [0, output.count / 3, output.count - 1]
        for (place, value) in zip(places, expected.values) {
            #expect(abs(output[place] - value) < tolerance)
        }
    }

    @Test func semanticFPN() throws {
        let network = Network(
            try SemanticFPN(Self.backbone(), classes: 4, channels: 32, width: 32))
        let found = try outputs(network)
        try check(
            found[0],
            Expected(
                count: 7752, mean: 1.88472339246, meanAbs: 2.64811862838,
                values: [0.858447291834, 3.22802001879, 1.96169327146]))
        #expect(found[1].isEmpty)
    }

    @Test func retinaNet() throws {
        let found = try outputs(Network(try RetinaNet(Self.backbone(), classes: 4, channels: 32)))
        try check(
            found[0],
            Expected(
                count: 22140, mean: 0.0157060556018, meanAbs: 0.230292440383,
                values: [0.163504292686, 0.371981577931, -0.0781724796104]))
        try check(
            found[1],
            Expected(
                count: 22140, mean: -0.0659421816344, meanAbs: 0.421042597087,
                values: [-0.285088701264, 0.085665490984, 0.0455722502752]))
        #expect(found[2].isEmpty)
    }

    /// Boxes over the whole picture, at its border, long ones, and one without a size.
    private static let proposals: [Float] = [
        3.25, 5.5, 60.75, 77, 0.9, 0, 0, 203, 150, 0.8, 100.5, 20.25, 101, 149.75, 0.7,
        50, 50, 50, 50, 0.6, 12, 90, 200.5, 140.25, 0.5, 160, 0, 203, 30.5, 0.4,
    ]

    private static func detection(_ label: Float, _ box: [Float]) -> [Float] {
        [1, 2, 3, 4, 0.5, label] + box
    }

    private static let detections =
        detection(2, [10.5, 12.25, 180, 139.5]) + detection(0, [1, 2, 20.75, 30])
        + detection(1, [0, 0, 203, 150])

    @Test func maskRCNN() throws {
        let network = Network(
            try MaskRCNN(Self.backbone(), classes: 4, channels: 32, width: 64))
        let unused = [Float]([0, 0, 0, 0, 0, -1, 0, 0, 0, 0])
        let found = try outputs(
            network, found: [[], [], Self.proposals, [], [], Self.detections + unused, []])
        try check(
            found[0],
            Expected(
                count: 7653, mean: 0.412198706307, meanAbs: 1.36820774934,
                values: [1.21881301524, 2.22366562293, -0.279126441902]))
        try check(
            found[1],
            Expected(
                count: 30612, mean: -0.405619616159, meanAbs: 1.23589073982,
                values: [-0.725065441611, -5.22743806302, -0.0536187271486]))
        #expect(found[2].isEmpty && found[5].isEmpty)
        try check(
            found[3],
            Expected(
                count: 30, mean: 0.06148492493, meanAbs: 0.397134786088,
                values: [-0.535824462978, -0.150800680247, 0.278803481369]))
        try check(
            found[4],
            Expected(
                count: 96, mean: 0.0042098187582, meanAbs: 0.606417061627,
                values: [0.20026332579, -0.00912477827118, 0.525040112925]))
        try check(
            Array(found[6].prefix(2352)),
            Expected(
                count: 2352, mean: -0.00643263326188, meanAbs: 0.1154651882,
                values: [-0.107392258434, 0.00341551428209, 0.0215685096403]))
        #expect(found[6].count == 4 * 784 && found[6].suffix(784).allSatisfy { $0 == 0 })
    }

    /// Without what a library found, nothing is said of what follows from it.
    @Test func maskRCNNAlone() throws {
        let network = Network(
            try MaskRCNN(Self.backbone(), classes: 4, channels: 32, width: 64))
        let found = try outputs(network)
        #expect(found.map(\.isEmpty) == [false, false, true, true, true, true, true])
    }

    /// Discrete results that cannot be right are told from those that may be.
    @Test func flaws() throws {
        let network = Network(try RetinaNet(Self.backbone(), classes: 4, channels: 32))
        func flaw(_ change: (inout [Float]) -> Void) -> String? {
            var values = Self.detections
            for row in 0..<3 { values[10 * row + 4] = 0.9 - Float(row) / 10 }
            values += [0, 0, 0, 0, 0, -1, 0, 0, 0, 0]
            change(&values)
            return network.flaw(in: values, ofOutput: 2, beside: [[], [], []])
        }
        #expect(flaw { _ in } == nil)
        #expect(
            flaw {
                $0[4] = 0.85; $0[14] = 0.86
            } != nil)
        #expect(flaw { $0[4] = 1.5 } != nil)
        #expect(flaw { $0[0] = .nan } != nil)
        #expect(flaw { $0[5] = 4 } != nil)
        #expect(flaw { $0[5] = 0.5 } != nil)
        #expect(flaw { $0[5] = -1 } != nil)
        #expect(flaw { $0[8] = 204 } != nil)
        #expect(flaw { $0[6] = 190 } != nil)
        #expect(flaw { $0[30] = 7 } != nil)
    }

    @Test func flawsOfLabels() throws {
        let backbone = try Self.backbone().at(Resolution(height: 32, width: 32))
        let network = Network(try SemanticFPN(backbone, classes: 2, channels: 8, width: 8))
        // The left half is of class 0, the right half of class 1.
        let logits: [Float] = (0..<64).flatMap { column -> [Float] in
            column % 8 < 4 ? [1, -1] : [-1, 1]
        }
        var labels = (0..<1024).map { $0 % 32 < 16 ? Float(0) : 1 }
        #expect(network.flaw(in: labels, ofOutput: 1, beside: [logits, []]) == nil)
        labels[40] = 1
        #expect(network.flaw(in: labels, ofOutput: 1, beside: [logits, []]) != nil)
        labels[40] = 2
        #expect(network.flaw(in: labels, ofOutput: 1, beside: [logits, []]) != nil)
    }
}
