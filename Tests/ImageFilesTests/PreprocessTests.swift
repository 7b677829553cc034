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

    var input: Picture {
        Picture(width: width, height: height, recipe: recipe == "crop" ? 0 : 1, pixels: pixels)
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
    static let targets = [(32, 32), (24, 40), (41, 25), (224, 224)]

    @Test(arguments: targets, CompilerOptions.all)
    func equalsPillowAndTorchvision(target: (Int, Int), compiler: CompilerOptions) throws {
        let (height, width) = target
        let denormaliser = try Denormaliser()
        let library = try PreprocessLibrary(
            height: height, width: width, program: "harness.c", with: compiler)
        let cases = try PreprocessCase.all().filter {
            ($0.targetHeight, $0.targetWidth) == target
        }
        try #require(!cases.isEmpty)
        let results = try library.preprocess(cases.map(\.input))
        for (expected, planes) in zip(cases, results) {
            let bytes = try #require(denormaliser.bytes(of: planes), "\(expected.name)")
            try #require(bytes.count == 3 * height * width, "\(expected.name)")
            for (y, digits) in expected.rows {
                let start = try #require(Int(y)) * 3 * width
                #expect(
                    Array(bytes[start..<(start + 3 * width)]) == [UInt8](hex: digits),
                    "\(expected.name), row \(y)")
            }
            #expect(fnv1a(bytes) == expected.fnv1a, "\(expected.name)")
        }
    }

    @Test(arguments: [(32, 32), (7, 90)], CompilerOptions.all)
    func badArgumentsAndShortMemoryAreRefused(
        target: (Int, Int), compiler: CompilerOptions
    ) throws {
        let library = try PreprocessLibrary(
            height: target.0, width: target.1, program: "refusals.c", with: compiler)
        try library.run()
    }

    /// The most uneven pictures: a pixel or two high or wide, and as long as is accepted.
    @Test func extremeShapes() throws {
        let compiler = try #require(CompilerOptions.all.first)
        let library = try PreprocessLibrary(
            height: 24, width: 40, program: "harness.c", with: compiler)
        let denormaliser = try Denormaliser()
        let pictures = [(20_000, 1), (1, 20_000), (65_535, 2), (2, 65_535)].flatMap { size in
            [0, 1].map { recipe in
                Picture(
                    width: size.0, height: size.1, recipe: recipe,
                    pixels: [UInt8](repeating: 77, count: size.0 * size.1 * 3))
            }
        }
        for (picture, planes) in zip(pictures, try library.preprocess(pictures)) {
            #expect(
                denormaliser.bytes(of: planes) == [UInt8](repeating: 77, count: 24 * 40 * 3),
                "\(picture.width)×\(picture.height), recipe \(picture.recipe)")
        }
    }
}
