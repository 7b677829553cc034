import Foundation
import Graphs
import Networks
import TestFixtures
import Testing

/// Backbones for segmentation have a norm behind the first stage too, `norm0`.
@Suite struct FirstNormTests {
    /// Patches of the first stage's map.
    private let patches = 3 * 5

    /// Two stages; the first has 8 channels.
    private func backbone(_ features: FeatureMaps) throws -> LITv2 {
        try LITv2(name: "dense", height: 12, width: 20) {
            PatchEmbedding(channels: 8)
            Stage(depth: 1) { ConvFFN() }
            TokenMerging()
            Stage(depth: 0) { ConvFFN() }
            features
        }
    }

    @Test func itIsAParameterWhereItIsThere() throws {
        let network = try backbone(FeatureMaps(normalisesFirst: true))
        let names = network.parameters.map(\.name)
        #expect(names.suffix(4) == ["norm0.weight", "norm0.bias", "norm1.weight", "norm1.bias"])
        #expect(network.parameters.first { $0.name == "norm0.weight" }?.shape == [8])
        #expect(network.optionalParameters == ["norm1.weight", "norm1.bias"])
        let plain = try backbone(FeatureMaps())
        #expect(plain.parameters.map(\.name) == names.filter { !$0.hasPrefix("norm0") })
        #expect(network.identity != plain.identity)
        #expect(network.summary != plain.summary)
        #expect(Network(network).macs == Network(plain).macs + 8 * patches)
    }

    private func norms(_ features: FeatureMaps) throws -> [String?] {
        var norms: [String?] = []
        for node in try backbone(features).graph.nodes {
            if case .featureMap(let norm, _) = node.operation { norms.append(norm) }
        }
        return norms
    }

    @Test func itIsInTheGraph() throws {
        #expect(try norms(FeatureMaps()) == [nil, "norm1"])
        #expect(try norms(FeatureMaps(normalisesFirst: true)) == ["norm0", "norm1"])
    }

    /// The reference's first map is the LayerNorm, worked out here, of the map without it; the
    /// other map stays.
    @Test(arguments: FeatureLayout.allCases)
    func theReferenceNormalises(layout: FeatureLayout) throws {
        let network = try backbone(FeatureMaps(layout: layout, normalisesFirst: true))
        let weights = seededWeights(network.parameters, seed: 4)
        let input = seededInputs(batch: 1, count: 3 * 12 * 20, seed: 4)[0]
        let plain = Network(try backbone(FeatureMaps(layout: layout)))
        let before = try ReferenceNetwork(plain) { weights[$0] ?? [] }.outputs(input)
        let after = try ReferenceNetwork(Network(network)) { weights[$0] ?? [] }.outputs(input)
        #expect(after[1] == before[1])
        let gamma = try #require(weights["norm0.weight"])
        let beta = try #require(weights["norm0.bias"])
        for token in 0..<patches {
            let places = layout.places(ofToken: token, of: patches, channels: 8)
            let values = places.map { before[0][$0] }
            let mean = values.reduce(0, +) / 8
            let squares = values.map { ($0 - mean) * ($0 - mean) }
            let deviation = (squares.reduce(0, +) / 8 + 1e-5).squareRoot()
            for (channel, place) in places.enumerated() {
                let normalised = (values[channel] - mean) / deviation
                let expected = normalised * Double(gamma[channel]) + Double(beta[channel])
                #expect(abs(after[0][place] - expected) < 1e-12)
            }
        }
    }

    @Test func itGoesWithTheMapOfTheFirstStage() throws {
        let second = try backbone(FeatureMaps(stages: [2], normalisesFirst: true))
        #expect(try second == backbone(FeatureMaps(stages: [2])))
        let network = try backbone(FeatureMaps(normalisesFirst: true))
        let larger = try network.at(Resolution(height: 24, width: 40))
        #expect(larger.features == FeatureMaps(stages: [1, 2], normalisesFirst: true))
    }

    /// A checkpoint's names decide, for networks by name and by configuration.
    @Test(
        arguments: [
            (["norm0.weight", "norm0.bias", "norm1.weight"], true), (["norm1.weight"], false),
            ([], false),
        ] as [(Set<String>, Bool)])
    func theCheckpointSaysWhetherItIsThere(names: Set<String>, expected: Bool) throws {
        var options = ModelOptions(features: FeatureMaps())
        options.parameters = names
        let model = try #require(LITv2.models.first)
        let configured = try LITv2(
            yaml: "MODEL: {TYPE: litv2}", source: "x", overrides: options)
        for network in [try model.network(options), Network(configured)] {
            #expect(network.parameters.contains { $0.name == "norm0.weight" } == expected)
        }
        options.features = nil
        let classifier = try model.network(options)
        #expect(!classifier.parameters.contains { $0.name == "norm0.weight" })
    }

    /// What plans hold is what they held, but for networks that have it.
    @Test func plansWithoutItAreThoseOfBefore() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        for (isThere, field) in [(false, ""), (true, #""normalisesFirst":true,"#)] {
            let features = FeatureMaps(stages: [1, 2], normalisesFirst: isThere)
            let json = try encoder.encode(features)
            #expect(try JSONDecoder().decode(FeatureMaps.self, from: json) == features)
            let expected = #"{"layout":"planes",\#(field)"stages":[1,2]}"#
            #expect(String(decoding: json, as: UTF8.self) == expected)
        }
    }

    @Test func aPlanThatContradictsItselfIsRefused() throws {
        let network = try backbone(FeatureMaps(stages: [2]))
        let json = String(decoding: try JSONEncoder().encode(network), as: UTF8.self)
        let changed = json.replacing(
            #""stages":[2]"#, with: #""normalisesFirst":true,"stages":[2]"#)
        #expect(changed != json)
        let decoded = try JSONDecoder().decode(LITv2.self, from: Data(changed.utf8))
        let error = #expect(throws: NetworkError.self) { try decoded.check() }
        #expect(error?.description.contains("norm0 is for the map of stage 1") == true)
    }
}

extension FeatureLayout {
    /// Where a token's channels lie in a map of so many tokens.
    fileprivate func places(ofToken token: Int, of tokens: Int, channels: Int) -> [Int] {
        (0..<channels).map { channel -> Int in
            switch self {
            case .planes: channel * tokens + token
            case .tokens: token * channels + channel
            }
        }
    }
}
