import HiLoKit
import Testing

@testable import Tuning

/// How far outputs are from those in single precision.
@Suite struct OutputMeasureTests {
    @Test func movementsAreSharesOfWhatTellsClassesApart() {
        let expected: [Float] = [1, -1, 100, 103, 101, 99]
        func movement(_ found: [Float], from expected: [Float], classes: Int = 3) -> Double {
            OutputMeasure.answers(classes: classes).movement(of: [found], beside: [expected])
        }
        #expect(movement(expected, from: expected) == 0)
        // An image's mean changes no answer.
        #expect(movement(expected.map { $0 + 5 }, from: expected) < 1e-6)
        // Without the mean twice as large: as far off as large.
        let means: [Float] = [100 / 3, 100 / 3, 100 / 3, 101, 101, 101]
        let twice = zip(expected, means).map { 2 * $0 - $1 }
        #expect(abs(movement(twice, from: expected) - 1) < 1e-6)
        #expect(movement([1, 2], from: [3, 3], classes: 2) == 1)
        #expect(movement([4, 4], from: [3, 3], classes: 2) == 0)
    }

    /// Two images of two channels and three tokens, in both layouts; the channels' means are 100 and −7.
    @Test func errorsOfMapsAreSharesOfWhatDiffersBetweenTokens() {
        let planes: [Float] = [101, 100, 99, -9, -7, -5, 102, 98, 100, -7, -7, -7]
        let tokens: [Float] = [101, -9, 100, -7, 99, -5, 102, -7, 98, -7, 100, -7]
        for (values, layout) in [(planes, FeatureLayout.planes), (tokens, .tokens)] {
            let measure = OutputMeasure.maps([.init(tokens: 3, channels: 2, layout: layout)])
            let found = values.map { $0 + 0.5 }
            // The squares of what differs are 2 + 8 + 8 + 0, those of a shift by 0.5 twelve quarters.
            let cost = measure.cost(of: [found], beside: [values])
            #expect(abs(cost.share(ofImages: 2) - 3.0 / 18) < 1e-12)
            let movement = measure.movement(of: [found], beside: [values])
            #expect(abs(movement - (3.0 / 18).squareRoot()) < 1e-12)
            #expect(measure.cost(of: [values], beside: [values]) == .maps(error: 0))
        }
    }

    /// A map of one token differs between images, and that of one image is compared with itself.
    @Test func mapsOfOneTokenAreCompared() {
        let measure = OutputMeasure.maps([.init(tokens: 1, channels: 2, layout: .tokens)])
        let cost = measure.cost(of: [[1, 2, 3.5, 2]], beside: [[1, 2, 3, 2]])
        #expect(cost == .maps(error: 0.125))
        #expect(measure.cost(of: [[4, 2]], beside: [[4, 3]]) == .maps(error: 0.04))
        #expect(measure.cost(of: [[0, 2]], beside: [[0, 0]]) == .maps(error: 1))
    }

    /// Of several maps the worst one counts: a small one is not lost beside a large one.
    @Test func theWorstMapCounts() {
        let shape = OutputMeasure.Shape(tokens: 2, channels: 1, layout: .tokens)
        let measure = OutputMeasure.maps([shape, shape, shape])
        let cost = measure.cost(
            of: [[100, -100], [1.5, -1], [3, 3]], beside: [[100, -101], [1, -1], [3, 3]])
        #expect(cost == .maps(error: 0.125))
    }

    /// What is no number is no good agreement, in whichever map it is.
    @Test func valuesThatAreNotFiniteDiffer() {
        let shape = OutputMeasure.Shape(tokens: 2, channels: 1, layout: .tokens)
        let measure = OutputMeasure.maps([shape, shape])
        let expected: Outputs = [[1, 2], [3, 4]]
        for value in [Float.nan, .infinity] {
            for found in [[[value, 2], [3, 4]], [[1, 2], [3, value]]] {
                let cost = measure.cost(of: found, beside: expected)
                #expect(cost == .maps(error: .greatestFiniteMagnitude))
                #expect(!measure.areFinite(found))
            }
        }
        #expect(measure.areFinite(expected))
        let logits = OutputMeasure.answers(classes: 2)
        #expect(logits.movement(of: [[.nan, 1]], beside: [[0, 1]]).isFinite)
    }

    /// All images of a classifier are compared, and of maps as many as there is room for.
    @Test func someImagesOfMapsAreCompared() throws {
        #expect(OutputMeasure.answers(classes: 7).images(of: 512) == 512)
        func images(_ tokens: Int, of all: Int) -> Int {
            OutputMeasure.maps([.init(tokens: tokens, channels: 64, layout: .planes)]).images(
                of: all)
        }
        #expect(images(300, of: 7) == 7 && images(300, of: 512) == 16)
        // The coarsest map may have one token, and one image is no sample of these.
        #expect(
            images(100, of: 512) == 41 && images(1, of: 512) == 512 && images(1, of: 9999) == 4096)
        #expect(images(1 << 18, of: 512) == 4 && images(1 << 24, of: 512) == 1)
    }

    @Test func measuresFollowFromOutputs() throws {
        let classifier = try tinyNetwork()
        #expect(OutputMeasure(of: classifier) == .answers(classes: classifier.outputs[0].count))
        let layer = try HiLo(
            name: "layer", dim: 24, heads: 4, window: 2, alpha: 0.5, height: 5, width: 6)
        #expect(
            OutputMeasure(of: Network(layer))
                == .maps([.init(tokens: 30, channels: 24, layout: .tokens)]))
        for layout in FeatureLayout.allCases {
            let maps = try LITv2(name: "maps", height: 64, width: 96) {
                PatchEmbedding(channels: 16)
                Stage(depth: 1) { ConvFFN() }
                TokenMerging()
                Stage(depth: 1) { ConvFFN() }
                FeatureMaps(layout: layout)
            }
            #expect(
                OutputMeasure(of: Network(maps))
                    == .maps([
                        .init(tokens: 384, channels: 16, layout: layout),
                        .init(tokens: 96, channels: 32, layout: layout),
                    ]))
        }
    }
}
