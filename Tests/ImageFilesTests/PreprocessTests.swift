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
            target: (targetHeight, targetWidth),
            pixels: generatedPixels(picture, width: width, height: height))
    }
}

/// The C template against Pillow and torchvision, compiled as users compile it.
@Suite(.enabled(if: !CompilerOptions.all.isEmpty, "needs a C compiler: gcc or clang"))
struct PreprocessTests {
    @Test(arguments: CompilerOptions.all)
    func equalsPillowAndTorchvision(compiler: CompilerOptions) throws {
        let denormaliser = try Denormaliser(folder: folder)
        let library = try PreprocessLibrary(program: "harness.c", with: compiler)
        let cases = try PreprocessCase.all()
        #expect(Set(cases.map(\.recipe)) == Set(Recipe.allCases.map { "\($0)" }))
        let results = try library.preprocess(cases.map { try $0.input() })
        for (expected, planes) in zip(cases, results) {
            let bytes = try #require(denormaliser.bytes(of: planes), "\(expected.name)")
            try check(
                bytes, width: expected.resizedWidth, height: expected.resizedHeight,
                rows: expected.rows,
                fnv1a: expected.fnv1a, expected.name)
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
        let denormaliser = try Denormaliser(folder: folder)
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
