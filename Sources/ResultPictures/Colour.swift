import Foundation

/// A colour of 8-bit sRGB.
public struct Colour: Equatable, Sendable {
    public let red: UInt8
    public let green: UInt8
    public let blue: UInt8

    public init(red: UInt8, green: UInt8, blue: UInt8) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    /// The colour in which a class is drawn: hues a golden angle apart, so that neighbours differ,
    /// with three lightnesses in turn.
    public static func ofClass(_ index: Int) -> Colour {
        let number = abs(index % 100_000)
        let hue = (25 + 137.508 * Double(number)).truncatingRemainder(dividingBy: 360) * .pi / 180
        let lightness = [0.72, 0.60, 0.84][number % 3]
        return Colour(lightness: lightness, chroma: 0.15, hue: hue)
    }

    /// From the Oklab colour space in polar coordinates (B. Ottosson, "A perceptual color space for
    /// image processing", 2020), cut to what sRGB can show.
    private init(lightness: Double, chroma: Double, hue: Double) {
        let a = chroma * cos(hue)
        let b = chroma * sin(hue)
        func cone(_ x: Double, _ y: Double) -> Double {
            let root = lightness + x * a + y * b
            return root * root * root
        }
        let long = cone(0.3963377774, 0.2158037573)
        let medium = cone(-0.1055613458, -0.0638541728)
        let short = cone(-0.0894841775, -1.2914855480)
        self.init(
            red: Self.byte(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
            green: Self.byte(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
            blue: Self.byte(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short))
    }

    /// By the transfer function of sRGB.
    private static func byte(_ linear: Double) -> UInt8 {
        let value = min(max(linear, 0), 1)
        let encoded = value <= 0.0031308 ? 12.92 * value : 1.055 * pow(value, 1 / 2.4) - 0.055
        return UInt8((255 * encoded).rounded())
    }

    /// Black or white, whichever is read more easily on it.
    var ofText: Colour {
        let luma = 0.299 * Double(red) + 0.587 * Double(green) + 0.114 * Double(blue)
        return luma > 140 ? .black : .white
    }

    static let black = Colour(red: 0, green: 0, blue: 0)
    static let white = Colour(red: 255, green: 255, blue: 255)

    /// Between this one, at 0, and another, at 256.
    func mixed(_ other: Colour, _ share: Int) -> Colour {
        func mix(_ from: UInt8, _ to: UInt8) -> UInt8 {
            UInt8((Int(from) * (256 - share) + Int(to) * share + 128) >> 8)
        }
        return Colour(
            red: mix(red, other.red), green: mix(green, other.green), blue: mix(blue, other.blue))
    }
}
