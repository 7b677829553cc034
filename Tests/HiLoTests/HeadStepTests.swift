import Foundation
import HiLoKit
import TestFixtures
import Testing
import Toolchain

/// The single steps between raw outputs and results, in the C that libraries hold, against PyTorch.
@Suite(.serialized) struct HeadStepTests {
    /// Of raw outputs, as a share of the largest.
    private static let share = 1e-5
    private static let eras = [Era.two, .three]

    @Test func stepsAgreeWithPyTorch() async throws {
        let fixture = try HeadCase.load()
        try await withTemporaryFolder { folder in
            let network = try #require(
                fixture.networks.first { $0.id == "instances_even" }
            ).network()
            let library = try await StepLibrary(
                Self.kernels(fixture), of: network, in: folder)
            for item in fixture.roiAligns { try align(item, fixture, library) }
            for item in fixture.roiLevels { try levels(item, fixture, library) }
            for item in fixture.decodings { try decode(item, fixture, library) }
            for item in fixture.suppressions { try suppress(item, fixture, library) }
            for item in fixture.pastes { try paste(item, fixture, library) }
            for item in fixture.resizes { try resize(item, fixture, library) }
            for item in fixture.retinas { try detect(item, fixture, library) }
            for item in fixture.proposals { try propose(item, fixture, library) }
            for item in fixture.regions { try detect(item, fixture, library) }
            for item in fixture.labelMaps { try label(item, library) }
        }
    }

    private static func kernels(_ fixture: Fixture<HeadCase>) throws -> [Kernel] {
        func boxes(_ id: String) throws -> Int { try fixture.required("\(id).boxes").shape[0] }
        let anchors = eras.flatMap { era in
            fixture.retinas.map { $0.kernels(era) } + fixture.proposals.map { $0.kernels(era) }
        }
        let regions = try eras.flatMap { era in
            try fixture.regions.map { $0.kernel(era, boxes: try boxes($0.id)) }
        }
        let all =
            try fixture.roiAligns.map { $0.kernel(boxes: try boxes($0.id)) }
            + fixture.roiLevels.map { $0.kernel(boxes: try boxes($0.id)) }
            + fixture.resizes.map(\.kernel) + anchors.flatMap { [$0.candidates, $0.boxes] }
            + regions + fixture.labelMaps.map(\.kernel)
        return all.reduce(into: []) { unique, kernel in
            if !unique.contains(kernel) { unique.append(kernel) }
        }
    }

    // MARK: Maps

    private func align(
        _ item: RoIAlignCase, _ fixture: Fixture<HeadCase>, _ library: StepLibrary
    ) throws {
        let boxes = try fixture.required("\(item.id).boxes")
        let output = try library.run(
            item.kernel(boxes: boxes.shape[0]),
            [boxes.floats, tokens(ofPlanes: item.planes, channels: item.channels)])
        let size = output.count / boxes.shape[0]
        let found = (0..<boxes.shape[0]).flatMap {
            planes(ofTokens: Array(output[$0 * size..<($0 + 1) * size]), channels: item.channels)
        }
        let places = Array(stride(from: 0, to: found.count, by: item.sampleStride))
        let expected = try fixture.required("\(item.id).output64").values
        try #require(expected.count == places.count)
        let isFinite = found.allSatisfy(\.isFinite)
        #expect(isFinite, "\(item.id)")
        let compared = places.indices.filter {
            let box = places[$0] / size
            return !item.isBeyondKernels(Array(boxes.floats[4 * box..<4 * box + 4]))
        }
        #expect(compared.count > places.count * 3 / 4, "\(item.id)")
        try expectClose(
            item.id, compared.map { found[places[$0]] }, compared.map { expected[$0] },
            within: Self.share)
    }

    private func levels(
        _ item: RoILevelsCase, _ fixture: Fixture<HeadCase>, _ library: StepLibrary
    ) throws {
        let boxes = try fixture.required("\(item.id).boxes")
        let levels = RoILevelsCase.strides.count
        let tokens = RoILevelsCase.side * RoILevelsCase.side
        let pyramid = (0..<levels * tokens).flatMap { token in
            (0..<levels).map { $0 == token / tokens ? Float(1) : 0 }
        }
        let output = try library.run(
            item.kernel(boxes: boxes.shape[0]), [boxes.floats, pyramid])
        let size = output.count / boxes.shape[0]
        var empty = 0
        for (index, level) in item.levels.enumerated() {
            let values = output[index * size..<(index + 1) * size]
            let seen = Set(values.enumerated().filter { $0.element > 0 }.map { $0.offset % levels })
            empty += seen.isEmpty ? 1 : 0
            #expect(seen.isSubset(of: [level]), "box \(index): \(seen), expected \(level)")
        }
        // One box has no size, and another one none in one direction.
        #expect(empty == 2)
    }

    private func resize(
        _ item: ResizeCase, _ fixture: Fixture<HeadCase>, _ library: StepLibrary
    ) throws {
        let map = tokens(ofPlanes: item.planes, channels: item.channels)
        let found =
            item.kind == .nearest
            ? try addNearest(map, item, library) : try library.run(item.kernel, [map])
        try expectClose(
            item.id, planes(ofTokens: found, channels: item.channels),
            fixture.required("\(item.id).output64").values, within: Self.share)
    }

    /// To the product of zeros and zeros.
    private func addNearest(
        _ map: [Float], _ item: ResizeCase, _ library: StepLibrary
    ) throws -> [Float] {
        let tokens = [Float](repeating: 0, count: item.resized.count)
        let row = [Float](
            repeating: 0, count: item.channels.rounded(upTo: Packing.panelColumns))
        return try library.run(item.kernel, [tokens, map], weights: row + row)
    }

    // MARK: Boxes

    private func decode(
        _ item: DecodeCase, _ fixture: Fixture<HeadCase>, _ library: StepLibrary
    ) throws {
        let found = try library.decode(
            fixture.required("\(item.id).boxes").floats,
            fixture.required("\(item.id).deltas").floats, deviations: item.stds,
            content: item.content)
        try expectClose(
            item.id, found, fixture.required("\(item.id).output64").values, within: Self.share)
    }

    private func suppress(
        _ item: SuppressionCase, _ fixture: Fixture<HeadCase>, _ library: StepLibrary
    ) throws {
        let kept = try library.suppress(
            fixture.required("\(item.id).boxes").floats,
            fixture.required("\(item.id).scores").floats, groups: item.groups,
            overlap: item.threshold, most: item.most)
        #expect(kept == item.kept, "\(item.id)")
    }

    private func expectDetections(
        _ output: [Float], _ fixture: Fixture<HeadCase>, _ prefix: String, _ classes: [Int]
    ) throws {
        let rows = chunks(output, of: AnchorRule.detectionWidth)
            .filter { $0[AnchorRule.detectionClass] >= 0 }
        let expected = try ExpectedBoxes(fixture, prefix, classes: classes)
        let partners = try expected.partners(prefix, rows: rows)
        guard let resized = try fixture.tensor("\(prefix).resized")?.floats else { return }
        for (index, partner) in partners.enumerated() {
            let differences = (0..<4).map {
                abs(rows[partner][AnchorRule.detectionBox + $0] - resized[4 * index + $0])
            }
            #expect(differences.allSatisfy { $0 <= ResultTolerance.pixels }, "\(prefix), \(index)")
        }
    }

    private func detect(
        _ item: RetinaCase, _ fixture: Fixture<HeadCase>, _ library: StepLibrary
    ) throws {
        let anchors = 9 * item.levels.tokens
        let (logits, deltas) = (item.logits(anchors * item.classes), item.deltas(4 * anchors))
        for result in item.results {
            let era = try #require(Era(rawValue: result.era))
            let (candidates, boxes) = item.kernels(era)
            let chosen = try library.run(candidates, [logits])
            let output = try library.run(
                boxes, [chosen, logits, deltas],
                frame: .init(content: item.content, original: item.original))
            try expectDetections(
                output, fixture, "\(item.id).era\(result.era)", result.labels)
        }
    }

    private func propose(
        _ item: ProposalsCase, _ fixture: Fixture<HeadCase>, _ library: StepLibrary
    ) throws {
        let anchors = 3 * item.levels.tokens
        let (logits, deltas) = (item.logits(anchors), item.deltas(4 * anchors))
        for era in Self.eras {
            let (candidates, boxes) = item.kernels(era)
            let chosen = try library.run(candidates, [logits])
            let output = try library.run(
                boxes, [chosen, logits, deltas],
                frame: .init(content: item.content, original: item.content))
            let rows = chunks(output, of: AnchorRule.proposalWidth).filter { $0[4] >= 0 }
            let prefix = "\(item.id).era\(era.rawValue)"
            #expect(rows.count == item.counts["era\(era.rawValue)"], "\(prefix)")
            _ = try ExpectedBoxes(fixture, prefix).partners(prefix, rows: rows)
        }
    }

    private func detect(
        _ item: RegionsCase, _ fixture: Fixture<HeadCase>, _ library: StepLibrary
    ) throws {
        let boxes = try fixture.required("\(item.id).boxes")
        let count = boxes.shape[0]
        let proposals = (0..<count).flatMap { (box: Int) -> [Float] in
            boxes.floats[4 * box..<4 * box + 4] + [1]
        }
        let logits = item.logits(count * (item.classes + 1))
        let deltas = item.deltas(count * 4 * item.classes)
        for result in item.results {
            let era = try #require(Era(rawValue: result.era))
            let output = try library.run(
                item.kernel(era, boxes: count), [logits, deltas, proposals],
                frame: .init(content: item.content, original: item.original))
            try expectDetections(
                output, fixture, "\(item.id).era\(result.era)", result.labels)
        }
    }

    // MARK: Pixels

    private func paste(
        _ item: PasteCase, _ fixture: Fixture<HeadCase>, _ library: StepLibrary
    ) throws {
        let boxes = try fixture.required("\(item.id).boxes")
        let probabilities = item.probabilities(boxes: boxes.shape[0])
        let logits = probabilities.map { p in
            let p = Double(p)
            return Float(log(p / (1 - p)))
        }
        let expected = ExpectedMasks(item.masks, size: item.height * item.width)
        for index in 0..<boxes.shape[0] {
            let mask = try library.paste(
                Array(logits[784 * index..<784 * (index + 1)]),
                box: Array(boxes.floats[4 * index..<4 * index + 4]), height: item.height,
                width: item.width)
            expected.expect(mask, at: index, "\(item.id), \(index)")
        }
    }

    private func label(_ item: LabelMapCase, _ library: StepLibrary) throws {
        let count = item.original[0] * item.original[1]
        let labels = UnsafeMutablePointer<Int32>.allocate(capacity: count)
        defer { labels.deallocate() }
        labels.initialize(repeating: -1, count: count)
        _ = try library.run(
            item.kernel, [tokens(ofPlanes: item.planes, channels: item.classes)],
            frame: .init(content: item.input, original: item.original, labels: labels))
        let expected = bytes(ofText: item.labels)
        try #require(expected.count == count)
        let sure = bits(ofText: item.sure)
        let wrong = (0..<count).filter { sure[$0] && labels[$0] != Int32(expected[$0]) }
        #expect(wrong.isEmpty, "\(item.id): \(wrong.count) pixels have another class")
        #expect(sure.prefix(count).count { $0 } > count * 9 / 10, "\(item.id)")
    }
}
