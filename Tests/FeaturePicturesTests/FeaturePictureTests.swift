import ImageFiles
import Testing

@testable import FeaturePictures

@Suite struct FeaturePictureTests {
    /// The colours of the tokens, whatever the size of their squares.
    private func colours(_ picture: FeaturePicture, _ height: Int, _ width: Int) throws -> [[UInt8]]
    {
        let image = picture.image
        try #require(image.height % height == 0 && image.width % width == 0)
        let (rows, columns) = (image.height / height, image.width / width)
        try #require(rows == columns)
        for y in 0..<image.height {
            for x in 0..<image.width {
                let corner = pixel(image, y / rows * rows, x / rows * rows)
                try #require(pixel(image, y, x) == corner, "a token's square has one colour")
            }
        }
        return (0..<height * width).map { pixel(image, $0 / width * rows, $0 % width * rows) }
    }

    private func pixel(_ image: RGBImage, _ y: Int, _ x: Int) -> [UInt8] {
        Array(image.pixels[3 * (y * image.width + x)..<3 * (y * image.width + x) + 3])
    }

    private func picture(
        _ channels: Int, _ height: Int, _ width: Int,
        _ value: (_ channel: Int, _ token: Int) -> Float
    ) -> FeaturePicture {
        let tokens = height * width
        let values = (0..<channels * tokens).map { value($0 / tokens, $0 % tokens) }
        return FeaturePicture(
            of: FeatureMap(channels: channels, height: height, width: width, values: values))
    }

    @Test func theFirstComponentIsRedAndStretched() throws {
        let picture = picture(1, 2, 5) { Float($1) * 0.01 + 7 }
        let colours = try colours(picture, 2, 5)
        #expect(colours.map { $0[0] } == [0, 28, 57, 85, 113, 142, 170, 198, 227, 255])
        #expect(colours.allSatisfy { $0[1...] == [128, 128] })
    }

    @Test func outliersDoNotDarkenTheRest() throws {
        let picture = picture(1, 10, 20) { Float($1 == 3 ? 1e6 : Double($1)) }
        let colours = try colours(picture, 10, 20)
        #expect(colours[3][0] == 255)
        #expect((110...150).contains(colours[100][0]))
    }

    @Test func aSingleUnlikeTokenIsSeen() throws {
        let picture = picture(4, 10, 20) { $1 == 42 ? Float($0 + 1) : 0 }
        let reds = try colours(picture, 10, 20).map { $0[0] }
        #expect(reds[42] == 255)
        #expect(reds.filter { $0 == 0 }.count == 199)
    }

    @Test(arguments: [0, 5, -0.1, 3e38, .leastNonzeroMagnitude * 10]) func aConstantMapIsGrey(
        value: Float
    ) {
        let picture = picture(7, 3, 4) { channel, _ in value / Float(channel + 1) }
        #expect(picture.image.pixels.allSatisfy { $0 == 128 })
    }

    @Test func aSingleTokenIsGrey() {
        let picture = picture(7, 1, 1) { channel, _ in Float(channel) }
        #expect(
            picture.image
                == RGBImage(width: 512, height: 512, pixels: .init(repeating: 128, count: 3 << 18)))
    }

    /// Rounding errors of a plane in the space of channels are not shown as a third direction.
    @Test func twoDirectionsGiveTwoColours() throws {
        let picture = picture(5, 6, 6) { channel, token in
            Float(token % 6) * Float(channel + 1) + Float(token / 6) * Float(channel * channel)
        }
        let colours = try colours(picture, 6, 6)
        #expect(Set(colours.map { $0[0] }).count > 10)
        #expect(Set(colours.map { $0[1] }).count > 5)
        #expect(colours.allSatisfy { $0[2] == 128 })
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity]) func badTokensAreBlack(bad: Float) throws {
        let values: (Int, Int) -> Float = { channel, token in Float((channel + 2) * token % 11) }
        let clean = try colours(picture(4, 4, 5, values), 4, 5)
        let spoilt = try colours(
            picture(4, 4, 5) { $1 == 7 && $0 == 2 ? bad : values($0, $1) }, 4, 5)
        #expect(spoilt[7] == [0, 0, 0])
        #expect(Set(clean).count > 5)
        #expect(Set(spoilt).count > 5)
        let lost = picture(4, 4, 5) { _, _ in bad }
        #expect(lost.image.pixels.allSatisfy { $0 == 0 })
    }

    @Test func largeAndSmallNumbers() throws {
        for scale in [.leastNormalMagnitude / 100, 1, 1e37] as [Float] {
            let picture = picture(3, 4, 5) { channel, token in
                Float((channel + 2) * token % 11) * scale
            }
            #expect(Set(try colours(picture, 4, 5)).count > 5)
        }
    }

    @Test(arguments: [
        (7, 7, 511, 511), (25, 42, 300, 504), (200, 336, 400, 672), (1, 600, 1, 600),
        (3, 1, 513, 171),
    ])
    func sizes(height: Int, width: Int, expectedHeight: Int, expectedWidth: Int) {
        let image = picture(2, height, width) { Float($0 * $1) }.image
        #expect((image.height, image.width) == (expectedHeight, expectedWidth))
    }

    @Test func theSameMapGivesTheSamePicture() throws {
        let values: (Int, Int) -> Float = { channel, token in
            Float((channel &* 4200 &+ token) &* 2_654_435_761 >> 20 & 1023)
        }
        let first = picture(96, 60, 70, values)
        #expect(picture(96, 60, 70, values) == first)
        #expect(Set(try colours(first, 60, 70)).count > 100)
    }
}
