import Foundation
import Testing

private let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures/preprocess")

/// What Pillow and torchvision make of a picture: see make_preprocess_fixtures.py.
private struct PreprocessCase: Decodable {
    let picture: String
    let width: Int
    let height: Int
    let recipe: String
    let targetHeight: Int
    let targetWidth: Int
    /// The target's size, or less when the picture is fitted into it.
    let resizedHeight: Int
    let resizedWidth: Int
    let fnv1a: String
    /// Some rows of the resized and cropped bytes, in hexadecimal digits.
    let rows: [String: String]

    static func all() throws -> [PreprocessCase] {
        try JSONDecoder().decode(
            [PreprocessCase].self, from: Data(contentsOf: folder.appending(path: "cases.json")))
    }

    var name: String {
        "\(picture) \(width)×\(height), \(recipe) to \(targetWidth)×\(targetHeight)"
    }

    func input() throws -> Picture {
        Picture(
            width: width, height: height,
            recipe: try #require(Recipe.allCases.first { "\($0)" == recipe }),
            target: (targetHeight, targetWidth), pixels: pixels)
    }

    /// The script's formulas.
    private var pixels: [UInt8] {
        let count = width * height * 3
        if picture == "noise" {
            return (0..<count).map { UInt8(($0 * 2_654_435_761) >> 24 & 255) }
        }
        return (0..<count).map { index in
            let (x, y) = (index / 3 % width, index / 3 / width)
            switch index % 3 {
            case 0: return UInt8(x * 255 / max(width - 1, 1))
            case 1: return UInt8(y * 255 / max(height - 1, 1))
            default: return UInt8((x + y) % 16 / 8 * 255)
            }
        }
    }
}

/// The bytes behind normalised floats; the table is torchvision's, float32 of channel × byte.
private struct Denormaliser {
    private let bytes: [[UInt32: UInt8]]

    init() throws {
        let bits = try Data(contentsOf: folder.appending(path: "normalised.f32")).bitPatterns
        try #require(bits.count == 3 * 256)
        bytes = (0..<3).map { channel in
            let entries = (0..<256).map { (bits[channel * 256 + $0], UInt8($0)) }
            return Dictionary(uniqueKeysWithValues: entries)
        }
    }

    /// Planes of floats to interleaved bytes; nil when a float is not one of torchvision's.
    func bytes(of planes: Data) -> [UInt8]? {
        let bits = planes.bitPatterns
        let plane = bits.count / 3
        var interleaved = [UInt8](repeating: 0, count: 3 * plane)
        for channel in 0..<3 {
            for index in 0..<plane {
                guard let byte = bytes[channel][bits[channel * plane + index]] else { return nil }
                interleaved[3 * index + channel] = byte
            }
        }
        return interleaved
    }
}

extension Data {
    fileprivate var bitPatterns: [UInt32] {
        withUnsafeBytes { bytes in
            Swift.stride(from: 0, to: count, by: 4).map {
                UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: UInt32.self))
            }
        }
    }
}

private func fnv1a(_ bytes: [UInt8]) -> String {
    let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
        ($0 ^ UInt64($1)) &* 0x100_0000_01b3
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}

/// The C template against Pillow and torchvision, compiled as users compile it.
@Suite(.enabled(if: !CompilerOptions.all.isEmpty, "needs a C compiler: gcc or clang"))
struct PreprocessTests {
    @Test(arguments: CompilerOptions.all)
    func equalsPillowAndTorchvision(compiler: CompilerOptions) throws {
        let denormaliser = try Denormaliser()
        let library = try PreprocessLibrary(program: "harness.c", with: compiler)
        let cases = try PreprocessCase.all()
        #expect(Set(cases.map(\.recipe)) == Set(Recipe.allCases.map { "\($0)" }))
        let results = try library.preprocess(cases.map { try $0.input() })
        for (expected, planes) in zip(cases, results) {
            let bytes = try #require(denormaliser.bytes(of: planes), "\(expected.name)")
            let rowSize = 3 * expected.resizedWidth
            try #require(bytes.count == expected.resizedHeight * rowSize, "\(expected.name)")
            for (y, digits) in expected.rows {
                let start = try #require(Int(y)) * rowSize
                #expect(
                    Array(bytes[start..<(start + rowSize)]) == [UInt8](hex: digits),
                    "\(expected.name), row \(y)")
            }
            #expect(fnv1a(bytes) == expected.fnv1a, "\(expected.name)")
        }
    }

    @Test(arguments: CompilerOptions.all)
    func badArgumentsAndShortMemoryAreRefused(compiler: CompilerOptions) throws {
        try PreprocessLibrary(program: "refusals.c", with: compiler).run()
    }

    /// The most uneven pictures: a pixel or two high or wide, and as long as is accepted.
    @Test func extremeShapes() throws {
        let compiler = try #require(CompilerOptions.all.first)
        let library = try PreprocessLibrary(program: "harness.c", with: compiler)
        let denormaliser = try Denormaliser()
        let sizes = [(20_000, 1), (1, 20_000), (65_535, 2), (2, 65_535)]
        let pictures = sizes.flatMap { width, height in
            Recipe.allCases.map { recipe in
                Picture(
                    width: width, height: height, recipe: recipe, target: (24, 40),
                    pixels: [UInt8](repeating: 77, count: width * height * 3))
            }
        }
        for (picture, planes) in zip(pictures, try library.preprocess(pictures)) {
            let fitted = picture.width > picture.height ? 40 : 24
            #expect(
                denormaliser.bytes(of: planes)
                    == [UInt8](repeating: 77, count: 3 * (picture.recipe == .fit ? fitted : 960)),
                "\(picture.width)×\(picture.height), \(picture.recipe)")
        }
    }
}
