import ImageFiles
import Testing

@testable import ResultPictures

@Suite struct SegmentationPictureTests {
    private let ground = Colour(red: 40, green: 60, blue: 80)

    private func picture(_ width: Int, _ height: Int) -> RGBImage {
        RGBImage(
            width: width, height: height,
            pixels: [[UInt8]](repeating: [40, 60, 80], count: width * height).flatMap(\.self))
    }

    @Test func classesAreOverlaidAndOthersStay() {
        // Four columns of 300 pixels: class 2, ignored, class 0, none.
        let labels = (0..<1200 * 8).map { [2, 255, 0, -1][$0 % 1200 / 300] as Int32 }
        let image = SegmentationPicture(labels: labels, on: picture(1200, 8)).image
        #expect(image.width == 1200)
        #expect(image.colour(10, 0) == ground.mixed(.ofClass(2), 140))
        #expect(image.colour(310, 0) == ground)
        #expect(image.colour(610, 7) == ground.mixed(.ofClass(0), 140))
        #expect(image.colour(910, 7) == ground)
        #expect(
            image.colour(299, 4) == ground.mixed(Colour.ofClass(2).mixed(.black, 80), 230),
            "a line where classes meet")
    }

    @Test func theLegendNamesClassesByFallingShare() {
        let labels = (0..<900 * 10).map { ($0 % 900 < 200 ? 1 : $0 % 900 < 899 ? 4 : 0) as Int32 }
        let image = SegmentationPicture(
            labels: labels, on: picture(900, 10), names: ["wall", "tree", "", "", "sky"]
        ).image
        // One row of text and its margins, as scale 1 has them.
        #expect(image.height == 10 + 12 + 8)
        let top = 10 + 4 + 1
        var left = 4
        for (text, label) in [("sky 78%", 4), ("tree 22%", 1), ("wall <1%", 0)] {
            #expect(image.colour(left + 4, top + 3) == .ofClass(label))
            #expect(read(image, left: left + 12, top: top, count: text.count) == text)
            left += 9 + 3 + Font.width(of: "tree 22%", scale: 1) + 8
        }
        #expect(image.colour(899, image.height - 1) == .white)
    }

    /// Black glyphs of scale 1.
    private func read(_ image: RGBImage, left: Int, top: Int, count: Int) -> String {
        let printable = (32..<127).map { Character(Unicode.Scalar(UInt8($0))) }
        return String(
            (0..<count).map { index in
                let rows = (0..<Font.glyphHeight).map { row in
                    (0..<Font.glyphWidth).reduce(0 as UInt8) {
                        let x = left + index * Font.advance + $1
                        return $0 << 1 | (image.colour(x, top + row) == .black ? 1 : 0)
                    }
                }
                return printable.first { Font.standard.rows(of: $0) == rows } ?? "?"
            })
    }

    @Test func aNarrowPictureHasALegendAsWideAsItsText() {
        let image = SegmentationPicture(
            labels: [Int32](repeating: 7, count: 2 * 800), on: picture(2, 800)
        ).image
        #expect(image.width > 60)
        #expect(image.height == 800 + 20)
        #expect(image.colour(1, 0) == ground.mixed(.ofClass(7), 140))
        #expect(image.colour(2, 0) == .white)
    }

    @Test func noClassesAndNoRoomMeanNoLegend() {
        let empty = picture(800, 2)
        #expect(
            SegmentationPicture(labels: [Int32](repeating: 255, count: 1600), on: empty).image
                == empty)
        let tall = picture(1, 20_000)
        let image = SegmentationPicture(labels: [Int32](repeating: 0, count: 20_000), on: tall)
            .image
        #expect(image.width == 1 && image.height == 20_000)
    }

    @Test func smallPicturesAreEnlarged() {
        let image = SegmentationPicture(labels: [0, 1, 1, 0], on: picture(2, 2)).image
        #expect(image.width == 768)
        #expect(image.colour(10, 10) == ground.mixed(.ofClass(0), 140))
        #expect(image.colour(700, 10) == ground.mixed(.ofClass(1), 140))
        #expect(image.colour(10, 700) == ground.mixed(.ofClass(1), 140))
    }
}
