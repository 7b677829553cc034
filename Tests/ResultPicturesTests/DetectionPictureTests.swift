import ImageFiles
import Testing

@testable import ResultPictures

/// A picture of one grey, so large that it is not enlarged: a line is one pixel thick.
private let width = 800
private let height = 60
private let grey = RGBImage(
    width: width, height: height, pixels: [UInt8](repeating: 90, count: 3 * width * height))

extension RGBImage {
    func colour(_ x: Int, _ y: Int) -> Colour {
        let start = 3 * (y * width + x)
        return Colour(red: pixels[start], green: pixels[start + 1], blue: pixels[start + 2])
    }
}

private func detection(
    _ x0: Double, _ y0: Double, _ x1: Double, _ y1: Double, score: Double = 0.5,
    classIndex: Int = 3,
    label: String = "cat", mask: Bitmap? = nil
) -> DrawnDetection {
    DrawnDetection(
        box: .init(x0: x0, y0: y0, x1: x1, y1: y1), label: label, score: score,
        classIndex: classIndex, mask: mask)
}

@Suite struct DetectionPictureTests {
    private let ground = Colour(red: 90, green: 90, blue: 90)

    @Test func nothingFoundIsThePicture() {
        #expect(drawn([], on: grey) == grey)
    }

    @Test func aBoxEnclosesThePixelsItTouches() {
        let picture = drawn([detection(100.5, 30.2, 199.5, 49.9)], on: grey)
        let colour = Colour.ofClass(3)
        for x in 100..<200 {
            #expect(picture.colour(x, 30) == colour && picture.colour(x, 49) == colour)
        }
        for y in 30..<50 {
            #expect(picture.colour(100, y) == colour && picture.colour(199, y) == colour)
        }
        for y in 31..<49 {
            for x in 101..<199 { #expect(picture.colour(x, y) == ground) }
        }
        #expect(picture.colour(201, 40) == ground)
        #expect(picture.colour(150, 51) == ground)
        #expect(picture.colour(150, 50) == ground.mixed(.black, 112), "the shadow")
    }

    /// The caption is read back from the picture, glyph by glyph.
    @Test func nameAndScoreStandAboveTheBox() throws {
        let picture = drawn(
            [detection(100, 30, 200, 50, score: 0.876, label: "Hot dog|y")], on: grey)
        let expected = "Hot dog|y 88%"
        let ink = Colour.ofClass(3).ofText
        for (index, character) in expected.enumerated() {
            let start = 102 + index * Font.advance
            let rows = (0..<Font.glyphHeight).map { row in
                (0..<Font.glyphWidth).reduce(0 as UInt8) {
                    $0 << 1 | (picture.colour(start + $1, 19 + 2 + row) == ink ? 1 : 0)
                }
            }
            #expect(rows == Font.standard.rows(of: character), "\(character)")
        }
    }

    @Test func aMaskIsTranslucentInsideItsContour() {
        var bytes = [UInt8](repeating: 0, count: width * height)
        for y in 10..<20 {
            for x in 300..<320 { bytes[y * width + x] = 1 }
        }
        let mask = Bitmap(width: width, height: height, bytes: bytes)
        let picture = drawn([detection(100, 30, 200, 50, classIndex: 7, mask: mask)], on: grey)
        let colour = Colour.ofClass(7)
        for y in 9..<21 {
            for x in 299..<321 {
                let isInside = (10..<20).contains(y) && (300..<320).contains(x)
                let isInner = (11..<19).contains(y) && (301..<319).contains(x)
                let expected =
                    isInner ? ground.mixed(colour, 112) : isInside ? colour : ground
                #expect(picture.colour(x, y) == expected, "(\(x), \(y))")
            }
        }
    }

    @Test func theHighestScoreLiesOnTop() {
        let low = detection(100, 20, 200, 50, score: 0.2, classIndex: 1)
        let high = detection(150, 20, 250, 50, score: 0.9, classIndex: 2)
        let picture = drawn([high, low], on: grey)
        #expect(picture == drawn([low, high], on: grey))
        #expect(picture.colour(180, 49) == .ofClass(2))
        #expect(picture.colour(120, 49) == .ofClass(1))
    }

    @Test func captionsDoNotHideOneAnother() {
        var picture = DetectionPicture(of: grey)
        for offset in 0..<3 {
            picture.placeCaption(of: detection(100 + Double(offset), 30, 200, 50))
        }
        let areas = picture.captions.map(\.area)
        #expect(areas.count == 3)
        for first in areas.indices {
            for second in areas.indices where second > first {
                #expect(!areas[first].overlaps(areas[second]))
            }
        }
    }

    @Test(arguments: [
        (-50.0, -50.0, 2000.0, 2000.0), (790, 50, 900, 90), (-20, -20, -10, -10),
        (900, 70, 950, 80),
        (50, 20, 50, 20), (200, 40, 100, 20), (-.infinity, 0, .infinity, 1e300),
    ]) func boxesBeyondThePictureAreCut(x0: Double, y0: Double, x1: Double, y1: Double) {
        let picture = drawn([detection(x0, y0, x1, y1)], on: grey)
        #expect(picture.width == width && picture.height == height)
        #expect(picture != grey)
    }

    @Test func aBoxThatIsNoNumberIsNotDrawn() {
        #expect(drawn([detection(.nan, 0, 9, 9), detection(0, 0, 9, .nan)], on: grey) == grey)
    }

    @Test func smallPicturesAreEnlarged() {
        let small = RGBImage(width: 2, height: 1, pixels: [0, 0, 0, 200, 100, 50])
        let picture = drawn([], on: small)
        #expect(picture.width == 768 && picture.height == 384)
        #expect(picture.colour(383, 9) == .black)
        #expect(picture.colour(384, 9) == Colour(red: 200, green: 100, blue: 50))
    }

    @Test func anyShapeTakesAnyBoxAndMask() {
        for (width, height) in [(1, 1), (1, 20_000), (20_000, 1), (3, 2)] {
            let image = RGBImage(
                width: width, height: height,
                pixels: [UInt8](repeating: 5, count: 3 * width * height))
            let mask = Bitmap(
                width: width, height: height, bytes: [UInt8](repeating: 1, count: width * height))
            let picture = drawn(
                [detection(0, 0, Double(width), Double(height), label: "ä🙂", mask: mask)], on: image
            )
            #expect(picture.colour(0, 0) != Colour(red: 5, green: 5, blue: 5))
        }
    }

    @Test func textGrowsWithThePicture() {
        let sizes = [(700, 300), (640, 480), (1333, 800), (4000, 3000)].map {
            LetteringScale(width: $0.0, height: $0.1).text
        }
        #expect(sizes == [1, 2, 3, 11])
    }
}

@Suite struct FontTests {
    private let printable = (32..<127).map { Character(Unicode.Scalar(UInt8($0))) }

    @Test func charactersDiffer() {
        #expect(Set(printable.map { Font.standard.rows(of: $0) }).count == 95)
        #expect(Font.standard.rows(of: " ").allSatisfy { $0 == 0 })
    }

    /// A row shifted by a column, a block by a row, would show here.
    @Test func someGlyphs() {
        #expect(Font.standard.rows(of: "L") == [16, 16, 16, 16, 16, 16, 31, 0, 0])
        #expect(Font.standard.rows(of: "g") == [0, 0, 15, 17, 17, 17, 15, 1, 14])
        #expect(Font.standard.rows(of: "~") == [0, 0, 8, 21, 2, 0, 0, 0, 0])
        #expect(Font.standard.rows(of: "7")[0] == 31)
    }

    @Test func otherCharactersAreABox() {
        let box: [UInt8] = [31, 17, 17, 17, 17, 17, 31, 0, 0]
        for character in ["é", "🙂", "\n", "\u{7f}", "\r\n"] as [Character] {
            #expect(Font.standard.rows(of: character) == box)
        }
    }

    @Test func coloursOfClassesDiffer() {
        let colours = (0..<200).map(Colour.ofClass)
        #expect(Set(colours.map { "\($0)" }).count == 200)
        for (first, second) in zip(colours, colours.dropFirst()) {
            let difference =
                abs(Int(first.red) - Int(second.red)) + abs(Int(first.green) - Int(second.green))
                + abs(Int(first.blue) - Int(second.blue))
            #expect(difference > 60)
        }
    }
}
