import Graphs
import TestFixtures
import Testing

@testable import Networks
@testable import Reference

/// Segmenters and detectors in double precision against PyTorch's: maps, pyramids and raw outputs,
/// and what follows from proposals and detections that PyTorch found.
@Suite struct FixtureHeadTests {
    /// Published networks are left to `make test-long`.
    private static func networks() throws -> [HeadNetworkCase] {
        TestScope.chosen(try HeadCase.load().networks) { $0.large }
    }

    @Test func everyKindHasCases() throws {
        let fixture = try HeadCase.load()
        #expect(fixture.cases.count == 89)
        // Three published networks for three tasks, each at two sizes.
        #expect(fixture.networks.count { $0.large } == 18)
        #expect(fixture.networks.count { !$0.large } == 27)
    }

    @Test(arguments: try networks())
    func outputsAgree(case item: HeadNetworkCase) throws {
        let fixture = try HeadCase.load()
        let weights = try item.weights(fixture)
        var values: [String: [Double]] = [:]
        for image in item.images() {
            for (name, output) in try outputs(item, image, weights) {
                values[name, default: []] += output
            }
        }
        let missing = Set(item.outputs.map(\.name)).symmetricDifference(values.keys)
        #expect(missing.isSubset(of: ["stage1"]))
        for output in item.outputs {
            // RetinaNet reads no first map.
            guard let found = values[output.name] else { continue }
            try #require(found.count == output.shape.reduce(1, *), "\(output.name)")
            let expected = try fixture.required("\(item.id).\(output.name).64").values
            expectAgreement(output.sample(of: found), expected, within: 1e-11)
            expectStatistics(of: found, output.statistics)
        }
    }

    /// By the fixture's names; maps as planes.
    private func outputs(
        _ item: HeadNetworkCase, _ image: [Float], _ weights: [String: [Float]]
    ) throws -> [(String, [Double])] {
        let network = try item.network()
        let reader = ParameterReader(network: network.name) { weights[$0] ?? [] }
        let found = try network.base.reference(image, reader)
        let maps: [TokenMap], levels: [TokenMap], raw: [(String, [Double])]
        switch network.base {
        case let base as SemanticFPN:
            (maps, levels) = try base.pyramid(image, reader)
            let map = base.backbone.map(ofStage: 0)
            let logits = TokenMap(
                height: map.height, width: map.width, channels: base.classes, values: found[0])
            raw = [("logits", logits.planes)]
        case let base as RetinaNet:
            (maps, levels) = try base.allLevels(image, reader)
            raw = [("logits", found[0]), ("deltas", found[1])]
        case let base as MaskRCNN:
            (maps, levels) = try base.allLevels(image, reader)
            raw = [("rpn_logits", found[0]), ("rpn_deltas", found[1])]
        default: throw ReferenceError("\(item.id) is of another kind")
        }
        let first = 5 - maps.count
        return maps.enumerated().map { ("stage\(first + $0)", $1.planes) }
            + levels.enumerated().map { ("p\(first + 1 + $0)", $1.planes) } + raw
    }

    // MARK: Regions

    private static func instances() throws -> [HeadNetworkCase] {
        try networks().filter { $0.task == .instances }
    }

    /// Logits and deltas of PyTorch's proposals, and mask logits of its detections. These are in
    /// single precision, and so is what they were computed from: they differ by less than 1e-5 of
    /// the largest.
    @Test(arguments: try instances())
    func regionsAgree(case item: HeadNetworkCase) throws {
        let fixture = try HeadCase.load()
        let weights = try item.weights(fixture)
        let images = item.images()
        for result in item.results(.three) {
            let prefix = "\(item.id).image\(result.image).era3"
            let proposals = try rows(fixture, prefix, try #require(result.roiRows))
            let detections = try detections(item, fixture, prefix, result.classes)
            let found = try ReferenceNetwork(item.network()) { weights[$0] ?? [] }.outputs(
                images[result.image], continuing: [[], [], proposals, [], [], detections, []])
            let width = 4 * item.classes
            let deltas = stride(from: 0, to: found[4].count, by: width)
                .flatMap { found[4][$0..<min($0 + 40, $0 + width)] }
            let logits = try fixture.required("\(prefix).roi_logits").values
            try expectSingle(found[3], logits, of: item)
            try expectSingle(deltas, fixture.required("\(prefix).roi_deltas").values, of: item)
            if let masks = try fixture.tensor("\(prefix).mask_logits") {
                try expectSingle(found[6], masks.values, of: item)
            }
        }
    }

    private func rows(
        _ fixture: Fixture<HeadCase>, _ prefix: String, _ chosen: [Int]
    ) throws -> [Float] {
        let boxes = try fixture.required("\(prefix).proposals").floats
        return chosen.flatMap { (box: Int) -> [Float] in boxes[4 * box..<4 * box + 4] + [0.5] }
    }

    /// Those whose masks are stored, with boxes in the input.
    private func detections(
        _ item: HeadNetworkCase, _ fixture: Fixture<HeadCase>, _ prefix: String, _ classes: [Int]
    ) throws -> [Float] {
        guard let masks = try fixture.tensor("\(prefix).mask_logits") else { return [] }
        let boxes = try fixture.required("\(prefix).boxes").floats
        let scale = [1, 0].map { Float(item.content[$0]) / Float(item.original[$0]) }
        return (0..<masks.shape[0]).flatMap { index -> [Float] in
            let box = boxes[4 * index..<4 * index + 4]
            return box + [0.5, Float(classes[index])]
                + zip(box, scale + scale).map { $0 * $1 }
        }
    }

    /// PyTorch computed these in single precision from its own maps, whose error in B, the deepest
    /// network, is three times that in S: eight times its root mean square is allowed, 1e-5 at least.
    private func expectSingle(
        _ found: [Double], _ expected: [Double], of item: HeadNetworkCase
    ) throws {
        try #require(found.count == expected.count)
        let largest = expected.reduce(0) { $1.isNaN ? $0 : max($0, abs($1)) }
        let error = item.outputs.map { $0.fp32RmsError / $0.statistics.maxAbs }.max() ?? 0
        expectClose(found, expected, within: max(1e-5, 8 * error) * largest)
    }
}
