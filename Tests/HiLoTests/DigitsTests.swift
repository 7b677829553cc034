import Foundation
import HiLoKit
import ImageFiles
import TestFixtures
import Testing

/// The trained example: what users see first must be what PyTorch says.
@Suite(.serialized) struct DigitsTests {
    static let example = projectFolder.appending(path: "Examples/digits")

    static func checkpoint() throws -> Checkpoint {
        try Checkpoint.read(path: example.appending(path: "digits.pth").path)
    }

    static func plan(_ isa: ISA) throws -> Plan {
        let network = try #require(
            try LITv2(configurationOf: checkpoint(), overrides: .init(name: "digits")))
        return try Planner(Network(network), Target(isa: isa)).plan()
    }

    /// All held-out digits through preprocessing and network; `make test-long` has every instruction set.
    @Test(arguments: TestScope.isas) func heldOutDigitsAreClassifiedAsByPyTorch(isa: ISA)
        async throws
    {
        guard isa.isAvailable() else { return print("SKIPPED: this CPU lacks \(isa.title)") }
        let plan = try Self.plan(isa)
        let farm = try await LibraryFarm.grow(
            [("digits", plan)], isa: isa, runs: 360)
        defer { farm.remove() }
        let heldOut = try HeldOut()
        try #require(heldOut.count == 360)
        let logits = try farm.with("digits", plan, .checkpoint(Self.checkpoint())) { library in
            try (0..<heldOut.count).map { index in
                let input = try library.preprocess(heldOut.image(index), width: 32, height: 32)
                return try library.run([input], threads: 2)[0]
            }
        }
        let predictions = logits.map { values in
            values.indices.max { values[$0] < values[$1] } ?? -1
        }
        #expect(predictions == heldOut.predictions)
        let right = zip(predictions, heldOut.labels).count { $0 == $1 }
        #expect(Double(right) / 360 >= 0.97, "\(right) of 360")
        let differences = zip(logits.flatMap { $0 }, heldOut.logits).map { abs($0 - $1) }
        let largest = heldOut.logits.reduce(0) { max($0, abs($1)) }
        #expect((differences.max() ?? .infinity) <= 1e-4 * largest)
    }

    /// The PNG files are the held-out digits they say they are.
    @Test func picturesShowTheHeldOutDigits() throws {
        let heldOut = try HeldOut()
        let folder = Self.example.appending(path: "images")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names.count >= 5)
        for name in names {
            let match = try #require(name.wholeMatch(of: /held_out_(\d+)_is_(\d)\.png/))
            let index = try #require(Int(match.1))
            let image = try RGBImage(contentsOf: folder.appending(path: name).path)
            #expect(image.pixels == heldOut.image(index), "\(name)")
            #expect(heldOut.labels[index] == Int(match.2), "\(name)")
        }
    }

    @Test func theAuthorsYAMLDescribesTheSameNetwork() throws {
        let file = Self.example.appending(path: "digits.yaml")
        let yaml = try LITv2(
            yaml: String(contentsOf: file, encoding: .utf8), source: "digits.yaml",
            overrides: .init(name: "digits"))
        #expect(Network(yaml) == (try Self.plan(.generic)).network)
    }
}

/// The digits that training never saw, with PyTorch's answers.
struct HeldOut {
    let labels, predictions: [Int]
    let logits: [Float]
    private let digits: [Float]

    var count: Int { labels.count }

    init() throws {
        let file = try Checkpoint.read(
            path: DigitsTests.example.appending(path: "held_out.safetensors").path)
        func integers(_ name: String) throws -> [Int] {
            try file.bytes(name).withUnsafeBytes { bytes in
                stride(from: 0, to: bytes.count, by: 8).map {
                    Int(
                        Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: Int64.self))
                    )
                }
            }
        }
        labels = try integers("labels")
        predictions = try integers("predictions")
        logits = try file.floats("logits")
        digits = try file.floats("images")
    }

    /// 32×32 RGB: values 0…16 as bytes, every pixel of the 8×8 digit four times each way.
    func image(_ index: Int) -> [UInt8] {
        (0..<32 * 32).flatMap { pixel in
            let (y, x) = (pixel / 32 / 4, pixel % 32 / 4)
            let value = Int(digits[index * 64 + y * 8 + x])
            return [UInt8](repeating: UInt8((255 * value + 8) / 16), count: 3)
        }
    }
}
