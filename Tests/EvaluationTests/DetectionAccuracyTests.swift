import Foundation
import Testing

@testable import Evaluation

/// A file of Tests/Oracle/make_coco_fixtures.py.
func fixture(_ name: String) throws -> String {
    try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: "json")).path
}

/// What pycocotools says; -1 is nil.
private struct Expected: Decodable {
    struct Figures: Decodable {
        let summary: [Double]
        let categories: [String: Double]
    }

    let boxes: Figures
    let masks: Figures?
    let masksWithoutBoxes: Figures?
}

extension DetectionAccuracy {
    /// In the order of COCOeval's summary.
    fileprivate var summary: [Double?] {
        [precision[.all], precisionAt50, precisionAt75]
            + [.small, .medium, .large].map { precision[$0] }
            + [1, 10, 100].map { recallOfBest[$0] } + [.small, .medium, .large].map { recall[$0] }
    }
}

@Suite struct DetectionAccuracyTests {
    private func expect(
        _ accuracy: DetectionAccuracy, equals expected: Expected.Figures, _ name: String
    ) {
        #expect(expected.summary.count == 12)
        for (index, value) in accuracy.summary.enumerated() {
            #expect(
                abs((value ?? -1) - expected.summary[index]) < 1e-9, "\(name), number \(index)")
        }
        #expect(accuracy.categories.count == expected.categories.count)
        for category in accuracy.categories {
            let value = expected.categories["\(category.id)"] ?? .nan
            #expect(abs((category.precision ?? -1) - value) < 1e-9, "\(name), \(category.name)")
        }
        #expect(accuracy.recall[.all] == accuracy.recallOfBest[100])
    }

    private func load(
        _ name: String
    ) throws -> (dataset: CocoDataset, detections: [CocoDetection], expected: Expected) {
        let expected = try Data(contentsOf: URL(filePath: fixture("\(name)-expected")))
        return (
            try CocoDataset(contentsOf: fixture("\(name)-annotations")),
            try CocoDetection.list(contentsOf: fixture("\(name)-detections")),
            try JSONDecoder().decode(Expected.self, from: expected)
        )
    }

    @Test(arguments: ["boxes", "polygons", "runs", "zero", "misses"])
    func boxesEqualPycocotools(name: String) throws {
        let (dataset, detections, expected) = try load(name)
        let accuracy = try DetectionAccuracy(of: detections, against: dataset, by: .boxes)
        expect(accuracy, equals: expected.boxes, name)
    }

    @Test(arguments: ["polygons", "runs"])
    func masksEqualPycocotools(name: String) throws {
        let (dataset, detections, expected) = try load(name)
        let masks = try #require(expected.masks)
        let bare = try #require(expected.masksWithoutBoxes)
        try #require(masks.summary != bare.summary, "the fixture tells both apart")
        let accuracy = try DetectionAccuracy(of: detections, against: dataset, by: .masks)
        expect(accuracy, equals: masks, name)
        let byMasks = try DetectionAccuracy(
            of: detections, against: dataset, by: .masks, sizesByMasks: true)
        expect(byMasks, equals: bare, name)
        let withoutBoxes = detections.map {
            CocoDetection(
                imageID: $0.imageID, categoryID: $0.categoryID, score: $0.score, box: nil,
                segmentation: $0.segmentation)
        }
        #expect(
            try DetectionAccuracy(of: withoutBoxes, against: dataset, by: .masks) == byMasks)
    }

    /// The fixtures have what evaluations get wrong: crowds, equal scores, more detections of a
    /// class in a picture than are looked at, classes that no annotation has.
    @Test func theFixturesAreHard() throws {
        let (dataset, detections, _) = try load("boxes")
        #expect(dataset.annotations.filter(\.isCrowd).count > 10)
        #expect(Set(detections.map(\.score)).count < detections.count / 2)
        let groups = Dictionary(grouping: detections) { [$0.imageID, $0.categoryID] }
        #expect(groups.values.contains { $0.count > 100 })
        #expect(!dataset.annotations.contains { $0.categoryID == 7 })
        #expect(detections.contains { $0.categoryID == 7 })
        let runs = try load("runs").dataset.annotations.compactMap(\.segmentation)
        #expect(runs.contains { if case .counts = $0 { true } else { false } })
        #expect(runs.contains { if case .compressed = $0 { true } else { false } })
        #expect(try load("zero").dataset.annotations.contains { $0.id == 0 })
    }

    @Test func nothingFoundIsZero() throws {
        let dataset = try load("boxes").dataset
        let accuracy = try DetectionAccuracy(of: [], against: dataset, by: .boxes)
        #expect(accuracy.precision[.all] == 0)
        #expect(accuracy.recallOfBest[100] == 0)
    }

    @Test func aPerfectDetectorHasOne() throws {
        let dataset = try load("polygons").dataset
        let detections = dataset.annotations.filter { !$0.isCrowd }.map {
            CocoDetection(
                imageID: $0.imageID, categoryID: $0.categoryID, score: 0.5, box: $0.box,
                segmentation: $0.segmentation)
        }
        for measure in Measure.allCases {
            let accuracy = try DetectionAccuracy(of: detections, against: dataset, by: measure)
            #expect(abs((accuracy.precision[.all] ?? 0) - 1) < 1e-12)
        }
    }

    @Test func detectionsOfOtherPicturesAndWithoutMasksAreRefused() throws {
        let dataset = try load("boxes").dataset
        let stray = CocoDetection(imageID: -3, categoryID: 1, score: 1, box: [0, 0, 1, 1])
        #expect(throws: EvaluationError.self) {
            try DetectionAccuracy(of: [stray], against: dataset, by: .boxes)
        }
        let plain = CocoDetection(
            imageID: dataset.images[0].id, categoryID: 1, score: 1, box: [0, 0, 1, 1])
        #expect(throws: EvaluationError.self) {
            try DetectionAccuracy(of: [plain], against: dataset, by: .masks)
        }
    }
}
