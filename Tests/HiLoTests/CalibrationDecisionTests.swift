import Foundation
import Testing
import Toolchain

@testable import HiLoKit

/// What a calibration's file says of layers.
@Suite struct CalibrationDecisionTests {
    /// Which layers stay in bf16, and what was measured for it.
    @Test func filesKeepDecisions() async throws {
        let network = try smallNetwork()
        let weights = try WeightSource.seed(3).matched(network)
        let calibration = Calibration(
            weights: weights.checksum(for: network), images: 7,
            tensors: network.quantisable.map { point in
                let values = [Float](repeating: 1, count: point.channels)
                return .init(
                    name: point.name, least: values, greatest: values, mean: values,
                    meanSquare: values)
            })
        #expect(!calibration.json.contains("kept") && !calibration.json.contains("agreement"))
        let decided = calibration.keeping(
            [
                KeptLayer("layers.1.blocks.1.attn", error: 0.25),
                KeptLayer("layers.0.blocks.0.mlp"),
                KeptLayer("layers.1.blocks.0.attn", in: .f32, error: 0.5),
            ],
            agreement: .init(
                maxDrop: 0.01, images: 300, cost: .answers(3), costWithoutKept: .answers(40)))
        let measured = calibration.keeping([], agreement: decided.agreement)
        let ofMaps = calibration.keeping(
            decided.kept,
            agreement: .init(
                maxDrop: 0.02, images: 16, cost: .maps(error: 0.0175),
                costWithoutKept: .maps(error: 1.5)))
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "calibration.json")
            for one in [decided, measured, ofMaps, decided.keeping(decided.kept)] {
                try one.write(to: file.path)
                #expect(
                    try Calibration(contentsOf: file.path, for: network, weights, as: .int8) == one)
            }
            let wrong =
                Self.wrongDecisions.map { (decided.json, $0) }
                + Self.wrongErrors.map { (ofMaps.json, $0) }
            for (json, (old, new, words)) in wrong {
                let place = try #require(json.firstRange(of: old), "\(old)")
                let text = json.replacingCharacters(in: place, with: new)
                try Data(text.utf8).write(to: file)
                let error = #expect(throws: CalibrationError.self) {
                    try Calibration(contentsOf: file.path, for: network, weights, as: .int8)
                }
                let message = error.map { "\($0)" } ?? ""
                #expect(message.hasPrefix(file.path))
                for word in words { #expect(message.contains(word), "\(message)") }
            }
        }
    }

    /// What a file looks like, so that those of before are read and written as they were.
    @Test func textsAreTheseWordForWord() {
        let integers = Calibration(
            weights: "0123", images: 2,
            tensors: ["a", "b"].map {
                .init(name: $0, least: [-1], greatest: [2], mean: [0.5], meanSquare: [1])
            }, kept: [KeptLayer("head"), KeptLayer("mlp", in: .f32)])
        #expect(
            integers.json == """
                {
                  "format": 1,
                  "weights": "0123",
                  "images": 2,
                  "kept": [
                    {"layer":"head"},
                    {"layer":"mlp","type":"f32"}
                  ],
                  "tensors": [
                    {"greatest":[2],"least":[-1],"mean":[0.5],"meanSquare":[1],"name":"a"},
                    {"greatest":[2],"least":[-1],"mean":[0.5],"meanSquare":[1],"name":"b"}
                  ]
                }

                """)
        let narrow = Calibration(.bf16, weights: "0123", images: 2, tensors: [])
        #expect(
            narrow.json == """
                {
                  "format": 1,
                  "precision": "bf16",
                  "weights": "0123",
                  "images": 2,
                  "tensors": []
                }

                """)
    }

    /// Of bf16, which keeps layers in single precision alone and has no scales.
    @Test func filesForBF16KeepDecisions() async throws {
        let network = try smallNetwork()
        let weights = try WeightSource.seed(3).matched(network)
        let agreement = Calibration.Agreement(
            maxDrop: 0.01, images: 300, cost: .answers(3), costWithoutKept: .answers(40))
        let decided = try Calibration.ofBF16(network, weights, images: 300)
            .keeping([KeptLayer("head", in: .f32, error: 0.5)], agreement: agreement)
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "calibration.json")
            func refusal(of text: String, as precision: Precision = .bf16) throws -> String {
                try Data(text.utf8).write(to: file)
                let error = #expect(throws: CalibrationError.self) {
                    try Calibration(contentsOf: file.path, for: network, weights, as: precision)
                }
                return error.map { "\($0)" } ?? ""
            }
            #expect(
                try refusal(of: decided.json, as: .int8)
                    .contains("recorded for bf16, expected one for int8"))
            let integers = decided.json.replacing("  \"precision\": \"bf16\",\n", with: "")
            #expect(
                try refusal(of: integers).contains("recorded for int8, expected one for bf16"))
            let layer = try #require(network.quantisableLayers.first)
            let inBF16 = decided.keeping([KeptLayer(layer)]).json
            #expect(
                try refusal(of: inBF16)
                    .contains("\(layer) is kept in bf16, but bf16 keeps no layer in that"))
            try decided.write(to: file.path)
            #expect(
                try Calibration(contentsOf: file.path, for: network, weights, as: .bf16) == decided)
        }
    }

    /// The same of one whose maps were compared.
    private static let wrongErrors: [(old: String, new: String, words: [String])] = [
        (
            "\"error\":0.0175", "\"error\":0.0225",
            ["agreement", "an error of 0.0225, an error of 1.5", "on 16 images, and 0.02"]
        ),
        ("\"error\":0.0175", "\"error\":-0.01", ["agreement"]),
        ("\"errorWithoutKept\":1.5", "\"differing\":1", ["not a calibration", "errorWithoutKept"]),
    ]

    /// A change of the text, and what the error must say.
    private static let wrongDecisions: [(old: String, new: String, words: [String])] = [
        (
            "blocks.1.attn", "blocks.7.attn",
            ["kept", "layers.1.blocks.7.attn", "layers.1.blocks.1.mlp"]
        ),
        ("layers.1.blocks.1.attn", "layers.0.blocks.0.mlp", ["kept", "twice"]),
        ("\"error\":0.25", "\"error\":-0.25", ["kept", "0 or more"]),
        ("\"type\":\"f32\"", "\"type\":\"int8\"", ["kept", "bf16 or f32"]),
        ("\"type\":\"f32\"", "\"type\":\"f64\"", ["not a calibration", "f64"]),
        ("\"layer\":", "\"lair\":", ["not a calibration", "layer"]),
        (
            "\"differing\":3", "\"differing\":4",
            ["agreement", "4 other answers, 40 other answers with no layer kept, on 300"]
        ),
        ("\"differing\":3", "\"differing\":-1", ["agreement"]),
        ("\"images\":300", "\"images\":0", ["agreement"]),
        ("\"maxDrop\":0.01", "\"maxDrop\":1.5", ["agreement"]),
    ]
}
