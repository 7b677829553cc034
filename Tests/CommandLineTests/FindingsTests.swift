import ArrayFiles
import Evaluation
import Foundation
import HiLoKit
import ImageFiles
import TestFixtures
import Testing

/// Detectors and segmenters from arrays and pictures to files of results.
@Suite(.enabled("no C compiler with OpenMP") { await Compiler.isThere })
struct FindingsTests {
    private struct Result: Decodable, Equatable {
        struct Segmentation: Decodable, Equatable {
            let size: [Int]
            let counts: String
        }

        let image_id, category_id: Int
        let bbox: [Double]
        let score: Double
        let segmentation: Segmentation?
    }

    private static let images = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fixtures/images")

    private static func backbone() throws -> LITv2 {
        try Sample.twoStages(name: "finder", height: 64, width: 96, Classifier(classes: 10))
    }

    /// A library that is not built.
    private func write(
        _ network: some NetworkFamily, in sandbox: Sandbox
    ) throws -> GeneratedLibrary {
        let plan = try Planner(Network(network), Target(isa: .generic, maxBatch: 2)).plan()
        return try LibraryGenerator(plan, .seed(5)).write(to: sandbox.file("lib"))
    }

    private func generate(
        _ network: some NetworkFamily, in sandbox: Sandbox
    ) async throws -> GeneratedLibrary {
        let library = try write(network, in: sandbox)
        try await library.build(with: .shared())
        let input = SeededValues(seed: 3, name: "input").values(3 * 64 * 96)
        try NPYArray(shape: [1, 3, 64, 96], values: input).write(to: sandbox.file("x.npy").path)
        return library
    }

    private func results(_ path: String, in sandbox: Sandbox) throws -> [Result] {
        try JSONDecoder().decode([Result].self, from: Data(contentsOf: sandbox.file(path)))
    }

    /// All of what `run` promises of a detector's array.
    @Test func objectsAreFoundInAnArray() async throws {
        let sandbox = try Sandbox()
        let library = try await generate(
            RetinaNet(Self.backbone(), classes: 3, channels: 16, depth: 1), in: sandbox)
        let arguments = [
            "run", "lib", "--input", "x.npy", "--content", "60x90", "--original", "120x200",
        ]
        let ending = try await sandbox.hilo(arguments + ["--output", "out", "--json"])
        #expect(ending.status == 0, "\(ending.stderr)")
        #expect(try sandbox.contents().filter { $0.hasPrefix("out/") } == ["out/detections.json"])
        let found = try results("out/detections.json", in: sandbox)
        #expect(!found.isEmpty)
        #expect(found.map(\.score) == found.map(\.score).sorted(by: >))
        for result in found {
            #expect(result.image_id == 0 && (0..<3).contains(result.category_id))
            #expect(result.score > 0.05 && result.score <= 1 && result.segmentation == nil)
            let (x, y, width, height) = (
                result.bbox[0], result.bbox[1], result.bbox[2], result.bbox[3]
            )
            #expect(x >= 0 && y >= 0 && x + width <= 200.01 && y + height <= 120.01)
        }
        // They are no smaller than the content: the original is twice as large.
        #expect(found.contains { $0.bbox[0] + $0.bbox[2] > 100 })
        #expect(try JSONDecoder().decode([Result].self, from: Data(ending.stdout.utf8)) == found)
        try await annotate(found, sandbox, arguments)
        try await list(found, sandbox, arguments)
        try await interface(of: library, sandbox)
        try await mistakes(sandbox)
    }

    /// Ids come from a file of annotations.
    private func annotate(_ found: [Result], _ sandbox: Sandbox, _ arguments: [String]) async throws
    {
        try sandbox.write(
            "ids.json",
            """
            {"images": [{"id": 7, "file_name": "b/y.jpg"}, {"id": 42, "file_name": "a/x.jpg"}],
             "categories": [{"id": 90, "name": "sun"}, {"id": 5, "name": "dog"},
                            {"id": 6, "name": "cat"}], "annotations": []}
            """)
        try sandbox.write("names.txt", "cat\nsun\ndog\n")
        try sandbox.write("others.txt", "one\ntwo\nthree\n")
        for (labels, ids) in [
            ([], [90, 5, 6]), (["--labels", "names.txt"], [6, 90, 5]),
            (["--labels", "others.txt"], [90, 5, 6]),
        ] {
            let ending = try await sandbox.hilo(
                arguments + ["--annotations", "ids.json", "--output", "ids"] + labels)
            #expect(ending.status == 0, "\(ending.stderr)")
            let named = try results("ids/detections.json", in: sandbox)
            #expect(named.map(\.image_id) == found.map { _ in 42 })
            #expect(named.map(\.category_id) == found.map { ids[$0.category_id] })
            #expect(named.map(\.bbox) == found.map(\.bbox))
        }
        try sandbox.write("few.json", #"{"images": [], "categories": [], "annotations": []}"#)
        try await sandbox.expectFailure(
            65, of: arguments + ["--annotations", "few.json"], saying: ["few.json", "3 classes"])
        try await sandbox.expectFailure(
            65, of: arguments + ["--annotations", "names.txt"], saying: ["names.txt", "COCO"])
    }

    /// Without a folder they are listed.
    private func list(_ found: [Result], _ sandbox: Sandbox, _ arguments: [String]) async throws {
        let ending = try await sandbox.hilo(arguments + ["--score", "0", "--labels", "names.txt"])
        #expect(ending.status == 0, "\(ending.stderr)")
        let lines = ending.stdout.split(separator: "\n")
        #expect(lines.count == found.count + 1)
        #expect(lines[0].hasPrefix(["cat", "sun", "dog"][found[0].category_id]))
        let none = try await sandbox.hilo(arguments + ["--score", "1"])
        #expect(none.stdout.contains("\(found.count) below a score of 1.00"))
    }

    private func interface(of library: GeneratedLibrary, _ sandbox: Sandbox) async throws {
        let checked = try await sandbox.run(
            library.harness, ["api", "--weights", library.weightsFile.path])
        #expect(checked.status == 0, "\(checked.stdout) \(checked.stderr)")
        #expect(checked.stdout.contains(" 0 failed"))
    }

    private func mistakes(_ sandbox: Sandbox) async throws {
        try await sandbox.expectFailure(
            64, of: ["run", "lib", "--input", "x.npy", "--content", "65x96"],
            saying: ["--content 65x96", "64 x 96"])
        try await sandbox.expectFailure(
            64, of: ["run", "lib", "--input", "x.npy", "--original", "0x5"],
            saying: ["--original", "65535"])
        try await sandbox.expectFailure(
            64, of: ["run", "lib", "--input", "x.npy", "--top", "3"], saying: ["--top"])
        try await sandbox.expectFailure(
            64, of: ["run", "lib", "--input", "x.npy", "--visualize"], saying: ["--visualize"])
        let photo = Self.images.appending(path: "rgb.jpg").path
        try await sandbox.expectFailure(
            64, of: ["run", "lib", "--input", photo, "--content", "5x5"], saying: ["--content"])
        try FileManager.default.createDirectory(
            at: sandbox.file("empty"), withIntermediateDirectories: true)
        try await sandbox.expectFailure(
            65, of: ["run", "lib", "--input", "empty"], saying: ["empty", "no pictures"])
    }

    /// A folder of pictures, one of them damaged, through a network that draws masks.
    @Test func aFolderOfPicturesIsSearched() async throws {
        let sandbox = try Sandbox()
        let library = try await generate(
            MaskRCNN(Self.backbone(), classes: 2, channels: 16, width: 24, depth: 1), in: sandbox)
        try await interface(of: library, sandbox)
        let manager = FileManager.default
        try manager.createDirectory(at: sandbox.file("in"), withIntermediateDirectories: true)
        for name in ["rgb.jpg", "rotated.jpg"] {
            try manager.copyItem(
                at: Self.images.appending(path: name), to: sandbox.file("in/\(name)"))
        }
        let good = try await sandbox.hilo("run", "lib", "--input", "in", "--output", "good")
        #expect(good.status == 0, "\(good.stderr)")
        try sandbox.write("in/notes.txt", "no picture")
        try sandbox.write("in/damaged.png", "no picture")
        let ending = try await sandbox.hilo("run", "lib", "--input", "in", "--output", "out")
        #expect(ending.status == 65)
        #expect(ending.stderr.contains("damaged.png"))
        let files = try sandbox.contents().filter { $0.hasPrefix("out/") }
        #expect(files == ["out/detections.json", "out/rgb.png", "out/rotated.png"])
        let found = try results("out/detections.json", in: sandbox)
        // The damaged one is the first by name.
        #expect(Set(found.map(\.image_id)) == [1, 2])
        for result in found {
            let picture = try RGBImage(
                contentsOf: sandbox.file(
                    ["in/rgb.jpg", "in/rotated.jpg"][result.image_id - 1]
                ).path)
            let mask = try #require(result.segmentation)
            #expect(mask.size == [picture.height, picture.width])
            #expect(throws: Never.self) {
                try RunLengthMask(
                    height: picture.height, width: picture.width, compressed: mask.counts)
            }
        }
    }

    @Test func everyPixelGetsAClass() async throws {
        let sandbox = try Sandbox()
        let library = try await generate(
            SemanticFPN(Self.backbone(), classes: 4, channels: 16, width: 12), in: sandbox)
        try await interface(of: library, sandbox)
        let ending = try await sandbox.hilo(
            "run", "lib", "--input", "x.npy", "--original", "33x50", "--output", "out", "--json")
        #expect(ending.status == 0, "\(ending.stderr)")
        let map = try Data(contentsOf: sandbox.file("out/labels.npy"))
        #expect(map.count == 128 + 4 * 33 * 50 || map.count == 64 + 4 * 33 * 50)
        let pixels = map.suffix(4 * 33 * 50)
        let counts = Dictionary(pixels.map { ($0, 1) }, uniquingKeysWith: +)
        // Three of four bytes of a small number are zeros.
        #expect(counts.keys.allSatisfy { $0 < 4 } && counts.count > 1)
        struct Image: Decodable {
            struct Share: Decodable { let category_id, pixels: Int }
            let size: [Int]
            let classes: [Share]
        }
        let images = try JSONDecoder().decode([Image].self, from: Data(ending.stdout.utf8))
        #expect(images.map(\.size) == [[33, 50]])
        for share in images[0].classes where share.category_id > 0 {
            #expect(counts[UInt8(share.category_id)] == share.pixels)
        }
        let photo = Self.images.appending(path: "rgb.jpg").path
        let drawn = try await sandbox.hilo("run", "lib", "--input", photo, "--output", "photo")
        #expect(drawn.status == 0, "\(drawn.stderr)")
        #expect(
            try sandbox.contents().filter { $0.hasPrefix("photo/") }
                == ["photo/labels.npy", "photo/rgb.png"])
    }

    /// Original pictures stay, whether the folder of results is theirs or a link leads there.
    /// Nothing is built or written before.
    @Test func nothingThatIsReadIsWrittenOver() async throws {
        let sandbox = try Sandbox()
        _ = try write(
            RetinaNet(Self.backbone(), classes: 3, channels: 16, depth: 1), in: sandbox)
        let manager = FileManager.default
        try manager.createDirectory(at: sandbox.file("in"), withIntermediateDirectories: true)
        let photo = Self.images.appending(path: "rgb.png")
        for name in ["photo.png", "in/a.png", "in/b.png"] {
            try manager.copyItem(at: photo, to: sandbox.file(name))
        }
        try manager.createSymbolicLink(
            at: sandbox.file("link"), withDestinationURL: sandbox.file("in"))
        for (input, output) in [
            ("photo.png", "."), ("in/a.png", "in/../in"), ("in", "in"), ("in", "link"),
            ("link", "in"),
        ] {
            try await sandbox.expectFailure(
                64, of: ["run", "lib", "--input", input, "--output", output],
                saying: ["--output", "png is read"])
        }
        #expect(
            try Data(contentsOf: sandbox.file("photo.png")) == Data(contentsOf: photo))
        let names = ["one", "two", "three"].map { "{\"id\": 1, \"name\": \"\($0)\"}" }
        try sandbox.write(
            "detections.json",
            "{\"images\": [], \"categories\": [\(names.joined(separator: ","))]}")
        try await sandbox.expectFailure(
            64,
            of: [
                "run", "lib", "--input", "in", "--output", ".", "--annotations", "detections.json",
            ], saying: ["detections.json is read"])
    }

    @Test func picturesThatDifferInTheirEndingsAloneAreRefused() async throws {
        let sandbox = try Sandbox()
        _ = try write(
            SemanticFPN(Self.backbone(), classes: 4, channels: 16, width: 12), in: sandbox)
        let manager = FileManager.default
        try manager.createDirectory(at: sandbox.file("in"), withIntermediateDirectories: true)
        for ending in ["jpg", "png"] {
            try manager.copyItem(
                at: Self.images.appending(path: "rgb.\(ending)"),
                to: sandbox.file("in/a.\(ending)"))
        }
        try await sandbox.expectFailure(
            64, of: ["run", "lib", "--input", "in", "--output", "out"],
            saying: ["in/a.jpg and in/a.png differ in their endings alone"])
    }
}
