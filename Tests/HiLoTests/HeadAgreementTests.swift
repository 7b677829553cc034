import Foundation
import HiLoKit
import TestFixtures
import Testing

/// Generated segmenters and detectors against PyTorch, from an input to results: maps, raw outputs,
/// boxes, masks and label maps, in both eras.
@Suite(.serialized) struct HeadAgreementTests {
    /// Libraries of one era, which differ from those of the other in one kernel or two.
    private static let secondEra = ["detect_crowded", "instances_odd_padded"]
    /// A case of each task, for what does not depend on sizes.
    private static let sample = ["detect_odd_padded", "instances_odd_padded", "segment_odd"]
    private static let isas = TestScope.isLong ? [ISA.native(), .generic] : [.native()]

    @Test(arguments: isas) func resultsAgreeWithPyTorch(isa: ISA) async throws {
        let fixture = try HeadCase.load()
        let cases = TestScope.chosen(fixture.networks) { $0.isLong }
            .filter { isa == .native() || !$0.large }
        #expect(cases.count >= 10)
        let groups = try Self.groups(cases, isa)
        let farm = try await LibraryFarm.grow(groups, isa: isa)
        defer { farm.remove() }
        var errors: [String: ErrorTally] = [:]
        var withWinograd: [String: ErrorTally] = [:]
        try farm.visit(groups, fixture) { group, item, library in
            let check = HeadCheck(item, group, library, fixture)
            if group.era == .three {
                if check.isDirect {
                    try check.outputs(&errors["\(item.task)", default: ErrorTally()])
                } else {
                    try check.outputs(&withWinograd[group.id, default: ErrorTally()])
                }
            }
            try check.results()
        }
        for (name, tally) in withWinograd.sorted(by: { $0.key < $1.key }) {
            tally.report("\(name), \(isa)")
        }
        for (task, tally) in errors.sorted(by: { $0.key < $1.key }) {
            tally.check("\(task), \(isa)", on: isa)
        }
        for group in groups {
            let item = group.cases[0]
            guard Self.sample.contains(item.id) else { continue }
            try BrokenWeights(item: item, group: group, fixture: fixture).check(farm)
        }
    }

    /// All of them in era 3, some in era 2 and with Winograd's form: one farm, in which they share
    /// kernels.
    private static func groups(_ cases: [HeadNetworkCase], _ isa: ISA) throws -> [HeadGroup] {
        let second = cases.filter {
            $0.task != .segment && (TestScope.isLong || secondEra.contains($0.id))
        }
        func winograd(_ id: String, _ form: ConvolutionChoice) throws -> [HeadGroup] {
            try HeadGroup.all(
                cases.filter { $0.id == id }, era: .three, isa: isa, convolutions: form,
                probed: true)
        }
        return try HeadGroup.all(cases, era: .three, isa: isa, probed: true)
            + HeadGroup.all(second, era: .two, isa: isa, probed: false)
            + winograd("detect_even", .winograd4) + winograd("segment_even", .winograd2)
    }
}

/// A case and the library that computes it.
private struct HeadCheck {
    let item: HeadNetworkCase
    let group: HeadGroup
    let library: LoadedLibrary
    let fixture: Fixture<HeadCase>
    let images: [[Float]]
    let network: Network

    init(
        _ item: HeadNetworkCase, _ group: HeadGroup, _ library: LoadedLibrary,
        _ fixture: Fixture<HeadCase>
    ) {
        (self.item, self.group, self.library, self.fixture) = (item, group, library, fixture)
        images = item.images()
        network = group.plan.network
    }

    private var name: String { "\(group.id), \(item.id)" }
    private var frame: LoadedLibrary.Frame {
        LoadedLibrary.Frame(content: item.content, original: item.original)
    }

    // MARK: Outputs

    /// Whether no convolution has Winograd's form: errors are then about PyTorch's own, while for
    /// others 1e-4 is enough.
    var isDirect: Bool { group.convolutions == .automatic && !item.large }

    func outputs(_ errors: inout ErrorTally) throws {
        let outputs = try library.outputs(images, threads: 2, at: item.resolution)
        let shapes = try network.at(item.resolution).outputShapes
        var seen: Set<String> = []
        for (index, fixtureName) in group.names.enumerated() {
            guard let fixtureName else { continue }
            let stored = item.outputs.first { $0.name == fixtureName }
            let expected = try #require(stored, "\(name): \(fixtureName)")
            try #require(outputs[index].count == expected.shape.reduce(1, *), "\(name)")
            let isMap = item.task == .segment && fixtureName == "logits"
            let values = isMap ? batchPlanes(outputs[index], shapes[index]) : outputs[index]
            try errors.compare(
                "\(name), \(fixtureName)", expected.sample(of: values),
                expected: fixture.required("\(item.id).\(fixtureName).64").values,
                largest: expected.statistics.maxAbs, theirError: expected.fp32RmsError)
            seen.insert(fixtureName)
        }
        // The first map of a detector is none of the pyramid's.
        let missing = Set(item.outputs.map(\.name)).subtracting(seen)
        #expect(missing == (item.task == .detect ? ["stage1"] : []), "\(name)")
        if item.task == .instances, item.isWhole { try regions(outputs) }
    }

    /// N×tokens×channels to N×channels×tokens.
    private func batchPlanes(_ values: [Float], _ shape: [Int]) -> [Float] {
        chunks(values, of: shape.reduce(1, *)).flatMap {
            planes(ofTokens: $0, channels: shape[2])
        }
    }

    /// What lies between the proposals and the results of Mask R-CNN.
    private func regions(_ outputs: [[Float]]) throws {
        for result in item.results(group.era) {
            let prefix = "\(item.id).image\(result.image).era\(group.era.rawValue)"
            let rows = rows(outputs[2], of: result.image, width: AnchorRule.proposalWidth)
                .filter { $0[4] >= 0 }
            let expected = try ExpectedBoxes(
                fixture, prefix, boxes: "proposals", scores: "proposal_scores")
            let partners = try expected.partners("\(name), proposals", rows: rows)
            let chosen = try #require(result.roiRows).map { partners[$0] }
            let width = item.classes + 1
            let logits = self.rows(outputs[3], of: result.image, width: width)
            try compare("\(prefix).roi_logits", chosen.flatMap { logits[$0] })
            let deltas = self.rows(outputs[4], of: result.image, width: 4 * item.classes)
            try compare("\(prefix).roi_deltas", chosen.flatMap { deltas[$0].prefix(40) })
            try masks(outputs, result.image, prefix, result)
        }
    }

    private func masks(
        _ outputs: [[Float]], _ image: Int, _ prefix: String, _ result: HeadNetworkCase.Result
    ) throws {
        guard let stored = try fixture.tensor("\(prefix).mask_logits") else { return }
        let rows = rows(outputs[5], of: image, width: AnchorRule.detectionWidth)
            .filter { $0[AnchorRule.detectionClass] >= 0 }
        // Of a whole input nothing but the scale tells the original's boxes from the input's.
        let (down, across) = (
            Float(item.original[0]) / Float(item.content[0]),
            Float(item.original[1]) / Float(item.content[1])
        )
        let expected = try ExpectedBoxes(fixture, prefix, classes: result.classes)
        let scaled = rows.map {
            [$0[0] * across, $0[1] * down, $0[2] * across, $0[3] * down] + $0[4...]
        }
        let partners = try expected.partners("\(name), detections", rows: scaled)
        let logits = self.rows(outputs[6], of: image, width: 784)
        try compare(
            "\(prefix).mask_logits", partners.prefix(stored.shape[0]).flatMap { logits[$0] })
    }

    private func rows(_ values: [Float], of image: Int, width: Int) -> [[Float]] {
        let count = values.count / images.count
        return chunks(values[image * count..<(image + 1) * count], of: width)
    }

    /// Both are in single precision.
    private func compare(_ tensor: String, _ found: [Float]) throws {
        try expectClose(
            "\(name), \(tensor)", found, fixture.required(tensor).values, within: 1e-4)
    }

    // MARK: Results

    func results() throws {
        item.task == .segment ? try labels() : try detections()
    }

    private func labels() throws {
        let found = try library.segment(images, frame, threads: 2, at: item.resolution)
        #expect(
            try library.segment(images, frame, threads: 1, at: item.resolution) == found, "\(name)")
        for result in item.results {
            let pairs = zip(found[result.image], zip(result.map, result.sure))
            let wrong = pairs.count { Int($0) != Int($1.0) && $1.1 }
            #expect(wrong == 0, "\(name): \(wrong) pixels have another class")
            #expect(found[result.image].count == result.map.count)
            let share = Double(result.sure.prefix(result.map.count).count { $0 })
            #expect(share > 0.9 * Double(result.map.count), "\(name)")
        }
    }

    private func detections() throws {
        let found = try library.detect(images, frame, threads: 2, at: item.resolution)
        #expect(
            try library.detect(images, frame, threads: 3, at: item.resolution) == found, "\(name)")
        for (index, image) in images.enumerated() where images.count > 1 {
            let alone = try library.detect([image], frame, threads: 2, at: item.resolution)
            #expect(alone == [found[index]], "\(name): image \(index) alone")
        }
        for result in item.results(group.era) {
            let prefix = "\(item.id).image\(result.image).era\(group.era.rawValue)"
            let expected = try ExpectedBoxes(fixture, prefix, classes: result.classes)
            let image = found[result.image]
            let partners = try expected.partners(
                name, boxes: image.detections.map(\.box), scores: image.detections.map(\.score),
                classes: image.detections.map { Int($0.label) })
            try checkMasks(result, partners.map { image.masks.isEmpty ? [] : image.masks[$0] })
        }
    }

    /// - Parameter found: in the fixture's order.
    private func checkMasks(_ result: HeadNetworkCase.Result, _ found: [[UInt8]]) throws {
        guard let areas = result.maskAreas, let text = result.masks else { return }
        try #require(areas.count == found.count)
        for (index, (mask, area)) in zip(found, areas).enumerated() {
            let own = mask.count { $0 == 1 }
            #expect(
                abs(own - area) <= ResultTolerance.mask(area: area),
                "\(name): mask \(index) has \(own) pixels, expected \(area)")
        }
        let expected = ExpectedMasks(text, size: item.original[0] * item.original[1])
        for index in 0..<min(expected.count, found.count) {
            expected.expect(found[index], at: index, "\(name), mask \(index)")
        }
    }
}
