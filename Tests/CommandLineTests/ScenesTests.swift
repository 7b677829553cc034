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

    @Test(arguments: [
        ("retinanet", ["boxes"]), ("mask_rcnn", ["boxes", "masks"]), ("semantic_fpn", ["labels"]),
    ]) func figuresAreThoseOfPyTorch(network: String, kinds: [String]) throws {
        let expected = try Self.expected(of: network)
        let report = try report(of: network)
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
    }

    /// Generates and builds the library of a network, which then searches the example's pictures.
    private func report(of network: String) throws -> Report {
        let sandbox = try Sandbox()
        let generated = try sandbox.hilo(
            "generate", "--checkpoint", Self.example.appending(path: "\(network).pth").path,
            "--name", network, "--resolution", "128x128", "--output", "lib")
        #expect(generated.status == 0, "\(generated.stderr)")
        let images = Self.example.appending(path: "images")
        let truth =
            network == "semantic_fpn"
            ? ["--labels", images.appending(path: "labels").path]
            : ["--annotations", images.appending(path: "annotations.json").path]
        let ending = try sandbox.hilo(
            ["accuracy", "lib", "--images", images.path, "--json"] + truth)
        #expect(ending.status == 0, "\(ending.stderr)")
        return try JSONDecoder().decode(Report.self, from: Data(ending.stdout.utf8))
    }
}
