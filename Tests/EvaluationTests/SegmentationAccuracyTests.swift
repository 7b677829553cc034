import Foundation
import Testing

@testable import Evaluation

@Suite struct SegmentationAccuracyTests {
    private struct Fixture: Decodable {
        struct Picture: Decodable {
            let labels: [Int32]
            let predictions: [Int32]
        }

        let classes: Int
        let pictures: [Picture]
        let aAcc: Double
        let mIoU: Double
        let mAcc: Double
        let overlaps: [Double?]
    }

    @Test func figuresAreThoseOfTheFixture() throws {
        let data = try Data(contentsOf: URL(filePath: fixture("segmentation")))
        let fixture = try JSONDecoder().decode(Fixture.self, from: data)
        var accuracy = SegmentationAccuracy()
        for picture in fixture.pictures {
            try accuracy.add(prediction: picture.predictions, truth: picture.labels)
        }
        #expect(abs((accuracy.overall ?? 0) - fixture.aAcc) < 1e-12)
        #expect(abs((accuracy.meanOverlap ?? 0) - fixture.mIoU) < 1e-12)
        #expect(abs((accuracy.meanRecall ?? 0) - fixture.mAcc) < 1e-12)
        try #require(fixture.overlaps.count == fixture.classes)
        for (label, expected) in fixture.overlaps.enumerated() {
            let value = accuracy.overlap(of: Int32(label))
            #expect((value == nil) == (expected == nil))
            #expect(abs((value ?? 0) - (expected ?? 0)) < 1e-12)
        }
    }

    @Test func ignoredPixelsCountForNothing() throws {
        var accuracy = SegmentationAccuracy()
        #expect(accuracy.overall == nil && accuracy.meanOverlap == nil)
        try accuracy.add(prediction: [1, 1, 2], truth: [255, 255, 2])
        #expect(accuracy.pixels == 1)
        #expect(accuracy.classes == [2])
        #expect(accuracy.overall == 1 && accuracy.meanOverlap == 1)
    }

    @Test func aPredictionThatIsNoClassIsWrong() throws {
        var accuracy = SegmentationAccuracy()
        try accuracy.add(prediction: [0, -1], truth: [0, 0])
        #expect(accuracy.overlap(of: 0) == 0.5)
        #expect(accuracy.meanOverlap == 0.5)
    }

    @Test func unequalMapsAndNegativeLabelsAreRefused() {
        var accuracy = SegmentationAccuracy()
        #expect(throws: EvaluationError.self) { try accuracy.add(prediction: [0], truth: [0, 0]) }
        #expect(throws: EvaluationError.self) { try accuracy.add(prediction: [0], truth: [-1]) }
    }
}

@Suite struct ClassificationAccuracyTests {
    @Test func ranks() {
        var accuracy = ClassificationAccuracy()
        #expect(accuracy.top1 == nil)
        let scores: [Float] = [0.1, 0.9, 0.3, 0.3, 0.2, 0.05, .nan]
        for truth in [1, 2, 3, 4, 0, 5, 6] { accuracy.add(scores: scores, truth: truth) }
        #expect(accuracy.images == 7)
        #expect(accuracy.hitsOfBest == 1)
        #expect(accuracy.hitsOfBestFive == 5)
    }

    @Test func ofEqualScoresTheFirstIsBest() {
        var accuracy = ClassificationAccuracy()
        accuracy.add(scores: [0.5, 0.5] as [Double], truth: 1)
        #expect(accuracy.hitsOfBest == 0 && accuracy.hitsOfBestFive == 1)
        accuracy.add(scores: [Double.nan, .nan], truth: 0)
        #expect(accuracy.hitsOfBest == 1)
    }
}
