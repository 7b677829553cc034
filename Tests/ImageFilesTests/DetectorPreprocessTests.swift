import Foundation
import Testing

private let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures/detector_preprocess")

/// What OpenCV and mmcv make of a picture: see make_detector_preprocess_fixtures.py.
private struct DetectorFixture: Decodable {
    struct Case: Decodable {
        let picture: String
        let width: Int
        let height: Int
        let newWidth: Int
        let newHeight: Int
        let fnv1a: String
        /// Some rows of the resized bytes, in hexadecimal digits.
        let rows: [String: String]

        var name: String { "\(picture) \(width)×\(height) to \(newWidth)×\(newHeight)" }

        var pixels: [UInt8] { generatedPixels(picture, width: width, height: height) }
    }

    /// Width and height of a picture, and to what the recipe resizes it.
    let sizes: [[Int]]
    let cases: [Case]

    init() throws {
        let file = folder.appending(path: "cases.json")
        self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: file))
    }
}

/// The C template against OpenCV and mmcv, compiled as users compile it.
@Suite(.enabled(if: !CompilerOptions.all.isEmpty, "needs a C compiler: gcc or clang"))
struct DetectorPreprocessTests {
    private let template = "detector_preprocess"

    @Test(arguments: CompilerOptions.all)
    func equalsOpenCV(compiler: CompilerOptions) throws {
        let fixture = try DetectorFixture()
        let denormaliser = try Denormaliser(folder: folder)
        let library = try PreprocessLibrary(
            program: "harness.c", template: template, with: compiler)
        try #require(fixture.cases.count > 20)
        let results = try library.run(
            fixture.cases.map { ([$0.width, $0.height, $0.newWidth, $0.newHeight], $0.pixels) })
        for (expected, planes) in zip(fixture.cases, results) {
            let bytes = try #require(denormaliser.bytes(of: planes), "\(expected.name)")
            try check(
                bytes, width: expected.newWidth, height: expected.newHeight, rows: expected.rows,
                fnv1a: expected.fnv1a, expected.name)
        }
    }

    @Test(arguments: CompilerOptions.all)
    func sizesAreMMCVsAndBadArgumentsAreRefused(compiler: CompilerOptions) throws {
        try PreprocessLibrary(program: "refusals.c", template: template, with: compiler)
            .run(DetectorFixture().sizes.flatMap(\.self))
    }

    /// The most uneven pictures: a pixel or two high or wide, and as long as is accepted.
    @Test func extremeShapes() throws {
        let compiler = try #require(CompilerOptions.all.first)
        let library = try PreprocessLibrary(
            program: "harness.c", template: template, with: compiler)
        let denormaliser = try Denormaliser(folder: folder)
        let sizes = [(20_000, 1), (1, 20_000), (65_535, 2), (2, 65_535), (1, 1)]
        let tasks = sizes.flatMap { width, height in
            [[1, 1], [700, 3], [3, 700]].map { size in
                ([width, height] + size, [UInt8](repeating: 77, count: width * height * 3))
            }
        }
        for (task, planes) in zip(tasks, try library.run(tasks)) {
            let count = 3 * task.0[2] * task.0[3]
            #expect(
                denormaliser.bytes(of: planes) == [UInt8](repeating: 77, count: count),
                "\(task.0)")
        }
    }
}
