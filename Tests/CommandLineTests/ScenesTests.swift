import Foundation
import HiLoKit
import TestFixtures
import Testing

/// The trained detectors and the segmenter of Examples/scenes find in its pictures what PyTorch
/// finds.
@Suite(.serialized, .enabled("no C compiler with OpenMP") { await Compiler.isThere })
struct ScenesTests {
    /// Figures by name.
    private typealias Figures = [String: Double]

    /// What `accuracy` prints of a detector or a segmenter.
    private struct Report: Decodable {
        let images: Int
        let boxes, masks, figures: [String: Double?]?

        var kinds: [String: [String: Double?]] {
            ["boxes": boxes, "masks": masks, "labels": figures].compactMapValues { $0 }
        }
    }

    private static let project = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private static let example = project.appending(path: "Examples/scenes")

    /// PyTorch's figures of a network, of boxes, masks or labels.
    private static func expected(of network: String) throws -> [String: Figures] {
        let file = project.appending(path: "Tests/Fixtures/scenes.json")
        let all = try JSONDecoder()
            .decode([String: [String: Figures]].self, from: Data(contentsOf: file))
        return try #require(all[network])
    }

    private static let networks = TestScope.chosen([
        ("retinanet", ["boxes"]), ("mask_rcnn", ["boxes", "masks"]), ("semantic_fpn", ["labels"]),
    ]) { $0.0 != "mask_rcnn" }

    @Test(arguments: networks) func figuresAreThoseOfPyTorch(network: String, kinds: [String])
        async throws
    {
        let sandbox = try Sandbox(optimised: true)
        let expected = try Self.expected(of: network)
        let report = try await report(of: network, in: sandbox)
        #expect(report.images == 8)
        #expect(report.kinds.keys.sorted() == kinds && expected.keys.sorted() == kinds)
        for (kind, figures) in expected {
            let names = kind == "labels" ? ["mIoU"] : ["AP", "AP50"]
            #expect(figures.keys.sorted() == names)
            for (name, value) in figures {
                let found = try #require(report.kinds[kind]?[name] ?? nil)
                #expect(abs(found - value) <= 1e-3, "\(kind), \(name): \(found), not \(value)")
                #expect(value > 0.1, "\(kind), \(name): the network was hardly trained")
            }
        }
        try await expectTheSameOfAWheel(network, in: sandbox)
    }

    /// Python finds in a picture what the command line does.
    private func expectTheSameOfAWheel(_ network: String, in sandbox: Sandbox) async throws {
        let packaged = try await sandbox.hilo("package", "lib", "--wheel", "--output", "wheels")
        #expect(packaged.status == 0, "\(packaged.stderr)")
        guard let numpy = ProcessInfo.processInfo.environment["HILO_PYTHON"] else {
            return print("SKIPPED: HILO_PYTHON names no Python with numpy; 'make test' does")
        }
        let picture = Self.example.appending(path: "images/scene_000.png").path
        let run = try await sandbox.hilo("run", "lib", "--input", picture, "--output", "found")
        #expect(run.status == 0, "\(run.stderr)")
        try sandbox.writePixels(of: picture)
        for name in ["picture.rgb", "size.json"] {
            try FileManager.default.moveItem(
                at: sandbox.file(name), to: sandbox.file("found/\(name)"))
        }
        let wheel = packaged.stdout.trimmingCharacters(in: .newlines)
        let python = try await sandbox.install(URL(filePath: wheel), beside: numpy)
        try await sandbox.expectWell(
            python, "check_scenes.py", network, sandbox.file("found").path)
    }

    /// Generates and builds the library of a network, which then searches the example's pictures.
    private func report(of network: String, in sandbox: Sandbox) async throws -> Report {
        let generated = try await sandbox.hilo(
            "generate", "--checkpoint", Self.example.appending(path: "\(network).pth").path,
            "--name", network, "--resolution", "128x128", "--output", "lib")
        #expect(generated.status == 0, "\(generated.stderr)")
        let images = Self.example.appending(path: "images")
        let truth =
            network == "semantic_fpn"
            ? ["--labels", images.appending(path: "labels").path]
            : ["--annotations", images.appending(path: "annotations.json").path]
        let ending = try await sandbox.hilo(
            ["accuracy", "lib", "--images", images.path, "--json"] + truth)
        #expect(ending.status == 0, "\(ending.stderr)")
        return try JSONDecoder().decode(Report.self, from: Data(ending.stdout.utf8))
    }
}
