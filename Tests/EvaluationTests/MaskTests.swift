import Foundation
import Testing

@testable import Evaluation

@Suite struct MaskTests {
    private struct Raster: Decodable {
        let polygons: [[Double]]
        let runs: CocoSegmentation
        let area: Int
    }

    @Test func polygonsAreRasterisedAsPycocotoolsDoes() throws {
        let data = try Data(contentsOf: URL(filePath: fixture("rasters")))
        let rasters = try JSONDecoder().decode([Raster].self, from: data)
        try #require(rasters.count >= 300)
        for (index, raster) in rasters.enumerated() {
            guard case .compressed(let height, let width, _) = raster.runs else {
                Issue.record("\(index) has no text")
                continue
            }
            let expected = try raster.runs.mask(height: height, width: width)
            #expect(expected.area == raster.area, "\(index)")
            let mask = try RunLengthMask(height: height, width: width, polygons: raster.polygons)
            #expect(mask == expected, "\(index)")
        }
        #expect(rasters.filter { $0.area == 0 }.count < 100)
    }

    /// Against masks as arrays of pixels.
    @Test func sumsOfRandomMasks() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            let height = Int.random(in: 1...9, using: &generator)
            let width = Int.random(in: 1...9, using: &generator)
            let density = Double.random(in: 0...1, using: &generator)
            let pixels = (0..<2).map { _ in
                (0..<height * width).map { _ in
                    Double.random(in: 0..<1, using: &generator) < density
                }
            }
            let masks = try pixels.map {
                try RunLengthMask(height: height, width: width, counts: counts($0))
            }
            let both = zip(pixels[0], pixels[1])
            #expect(masks[0].area == pixels[0].filter(\.self).count)
            #expect(masks[0].intersection(masks[1]) == both.filter { $0 && $1 }.count)
            let union = masks[0].union(masks[1])
            #expect(union.area == both.filter { $0 || $1 }.count)
            #expect(
                try union
                    == RunLengthMask(
                        height: height, width: width, counts: counts(both.map { $0 || $1 })))
            #expect(masks[0].box == box(pixels[0], height, width))
        }
    }

    private func counts(_ pixels: [Bool]) -> [Int] {
        var counts = [0]
        for pixel in pixels {
            if pixel != (counts.count % 2 == 0) { counts.append(0) }
            counts[counts.count - 1] += 1
        }
        return counts
    }

    private func box(_ pixels: [Bool], _ height: Int, _ width: Int) -> [Double] {
        let places = pixels.indices.filter { pixels[$0] }
        let (columns, rows) = (places.map { $0 / height }, places.map { $0 % height })
        guard let left = columns.min(), let right = columns.max(), let top = rows.min(),
            let bottom = rows.max()
        else { return [0, 0, 0, 0] }
        return [left, top, right - left + 1, bottom - top + 1].map(Double.init)
    }

    @Test(arguments: ["0", "T", "0T", "~", "\u{7f}", "oooooooooooooooooooo", "é"])
    func damagedTextsAreRefused(text: String) {
        #expect(throws: EvaluationError.self) {
            try RunLengthMask(height: 5, width: 7, compressed: text)
        }
    }

    /// Of masks worked out by hand, and of texts that are none.
    @Test func masksAreReadFromText() throws {
        func pixels(_ text: String, height: Int = 2, width: Int = 3) throws -> [UInt8] {
            try RunLengthMask(height: height, width: width, compressed: text).pixels
        }
        // Columns 00, 10, 11.
        #expect(try pixels("2111") == [0, 1, 1, 0, 0, 1])
        // 0 1 5: the first pixel; from the fourth number on a difference: 1 1 3 then 1 - 1.
        #expect(try pixels("015") == [1, 0, 0, 0, 0, 0])
        #expect(try pixels("1130") == [0, 0, 0, 1, 0, 1])
        // 40 is two groups of five bits.
        #expect(try pixels("X1", height: 40, width: 1) == [UInt8](repeating: 0, count: 40))
        for text in ["2112", "211", "21110", "X", "\u{2f}", "ä", "2\n11"] {
            #expect(throws: EvaluationError.self, "\(text)") { try pixels(text) }
        }
    }

    @Test func runsThatDoNotFitAreRefused() throws {
        for counts in [[], [34], [36], [-1, 36], [20, 16], [Int.max, Int.max]] {
            #expect(throws: EvaluationError.self) {
                try RunLengthMask(height: 5, width: 7, counts: counts)
            }
        }
        #expect(try RunLengthMask(height: 5, width: 7, counts: [35]).area == 0)
        #expect(try RunLengthMask(height: 5, width: 7, counts: [0, 35]).area == 35)
        #expect(try RunLengthMask(height: 5, width: 7, counts: [1, 2, 0, 3, 29]).area == 5)
    }

    @Test func polygonsThatAreNoneAreRefused() {
        for polygon in [[], [1, 2, 3, 4], [1, 2, 3, 4, 5, 6, 7], [0, 0, 1e7, 0, 0, 1e7]] {
            #expect(throws: EvaluationError.self) {
                try RunLengthMask(height: 5, width: 7, polygons: [polygon as [Double]])
            }
        }
        #expect(throws: EvaluationError.self) {
            try CocoSegmentation.polygons([]).mask(height: 5, width: 7)
        }
        #expect(throws: EvaluationError.self) {
            try CocoSegmentation.counts(height: 5, width: 7, [35]).mask(height: 7, width: 5)
        }
    }
}
