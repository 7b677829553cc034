import ArrayFiles
import Foundation
import HiLoKit
import ImageFiles
import Testing

/// The trained network of Examples/fashion gives on a thousand test pictures the answers that
/// PyTorch gives.
@Suite(.serialized, .enabled("no C compiler with OpenMP") { await Compiler.isThere })
struct FashionTests {
    /// What PyTorch found of the pictures in pictures.png.
    private struct Summary: Decodable {
        /// The class of each, a digit.
        let labels: String
        let right: Int
        /// Of the logits of a picture's two likeliest classes, the smallest there is.
        let smallestLead: Double
    }

    private static let example = Sandbox.project.appending(path: "Examples/fashion")
    private static let fixtures = Sandbox.project.appending(path: "Tests/Fixtures/fashion")
    private static let side = 28

    @Test func aThousandPicturesHaveTheAnswersOfPyTorch() async throws {
        let summary = try Self.summary()
        let (found, against) = try await figures(precision: "f32", summary)
        #expect(found.images == 1000)
        #expect(found.classes.map(\.index) == Array(0..<10))
        // No tie: rounding differs by far less than the smallest lead, so all answers are the same.
        #expect(summary.smallestLead > 1e-3)
        #expect(against.agreement == 1)
        #expect(against.probabilityDifference.worst < 1e-4)
        #expect(found.figures["top1"] == Double(summary.right) / 1000)
        #expect(summary.right >= 900, "the network was hardly trained")
    }

    /// Integers have scales from every other picture, without its class. Three pictures in a thousand may be lost or won, and five have another answer: instruction sets
    /// sum in other orders, and a picture between two classes falls to either.
    @Test(arguments: ["bf16", "f32-by-bf16", "int8"])
    func narrowPrecisionsHaveNearlyTheSameAnswers(precision: String) async throws {
        let summary = try Self.summary()
        let (found, against) = try await figures(precision: precision, summary)
        let top1 = try #require(found.figures["top1"])
        #expect(abs(top1 - Double(summary.right) / 1000) <= 0.003, "\(top1)")
        let agreement = try #require(against.agreement)
        #expect(agreement >= 0.995, "\(agreement)")
        // Nor is it single precision by another name.
        #expect((1e-4...0.1).contains(against.probabilityDifference.worst))
    }

    private static func summary() throws -> Summary {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(
            Summary.self, from: Data(contentsOf: fixtures.appending(path: "summary.json")))
    }

    private func figures(
        precision: String, _ summary: Summary
    ) async throws -> (found: ClassifierFigures, against: ClassifierFigures.Other) {
        let sandbox = try Sandbox(optimised: true)
        try writePictures(summary.labels.map { String($0) }, into: sandbox)
        let generated = try await sandbox.hilo(
            [
                "generate", "--checkpoint", Self.example.appending(path: "fashion.pth").path,
                "--name", "fashion", "--no-tuning", "--precision", precision, "--output", "lib",
            ] + (precision == "int8" ? ["--calibration", "pictures"] : []))
        #expect(generated.status == 0, "\(generated.stderr)")
        if precision == "int8" {
            // Of the trained network integers change so few answers that no layer is kept.
            #expect(generated.stdout.contains("of 512 images answered as in f32"))
            #expect(!generated.stdout.contains("kept in bf16"), "\(generated.stdout)")
        }
        let found = try await sandbox.classifierFigures([
            "accuracy", "lib", "--images", "pictures", "--json", "--against",
            Self.fixtures.appending(path: "logits.npy").path,
        ])
        return (found, try #require(found.against))
    }

    /// Cuts the sheet, 40 pictures in a row, and sorts them into folders of their classes.
    private func writePictures(_ labels: [String], into sandbox: Sandbox) throws {
        try #require(labels.count == 1000)
        let sheet = try RGBImage(contentsOf: Self.fixtures.appending(path: "pictures.png").path)
        try #require(sheet.width == 40 * Self.side && sheet.height == 25 * Self.side)
        for label in Set(labels) {
            try FileManager.default.createDirectory(
                at: sandbox.file("pictures/\(label)"), withIntermediateDirectories: true)
        }
        for (index, label) in labels.enumerated() {
            let name = String(repeating: "0", count: 4 - "\(index)".count) + "\(index)"
            try sheet.tile(index, of: Self.side, inRow: 40)
                .write(to: sandbox.file("pictures/\(label)/\(name).png").path)
        }
    }
}

extension RGBImage {
    /// A square of a sheet of squares.
    fileprivate func tile(_ index: Int, of side: Int, inRow columns: Int) -> RGBImage {
        let (top, left) = (index / columns * side, index % columns * side)
        let rows = (top..<top + side).map { y in
            pixels[3 * (y * width + left)..<3 * (y * width + left + side)]
        }
        return RGBImage(width: side, height: side, pixels: Array(rows.joined()))
    }
}
