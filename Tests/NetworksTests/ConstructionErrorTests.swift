import Graphs
import Networks
import Testing

/// What the DSL says of parts that do not make a network.
@Suite struct ConstructionErrorTests {
    private func message(
        name: String = "net", height: Int = 64, width: Int = 64,
        @NetworkBuilder _ parts: () throws -> [any NetworkPart]
    ) -> String {
        do {
            return "accepted as \(try LITv2(name: name, height: height, width: width, parts))"
        } catch {
            return "\(error)"
        }
    }

    /// One stage with attention over 24 channels and a 16×16 map.
    private func attention(_ layer: HiLoAttention) -> String {
        message {
            PatchEmbedding(channels: 24)
            Stage(depth: 1) {
                layer; ConvFFN()
            }
            Classifier(classes: 3)
        }
    }

    private func plain(
        name: String = "net", side: Int = 64, channels: Int = 8, depth: Int = 1, ratio: Double = 4,
        classes: Int = 3
    ) -> String {
        message(name: name, height: side, width: 64) {
            PatchEmbedding(channels: channels)
            Stage(depth: depth) { ConvFFN(ratio: ratio) }
            TokenMerging()
            Stage(depth: depth) { ConvFFN(ratio: ratio) }
            Classifier(classes: classes)
        }
    }

    @Test func theExampleIsANetwork() { #expect(plain().hasPrefix("accepted")) }

    /// All weights are in memory at once.
    @Test func moreWeightsThanMemoryHolds() {
        #expect(plain(channels: 2048).hasPrefix("accepted"))
        #expect(
            plain(channels: 4096).hasSuffix("weights; up to 268435456 are possible"))
    }

    // MARK: Parts out of order

    @Test func partsOutOfOrder() {
        let block = Stage(depth: 1) { ConvFFN() }
        #expect(
            message { block } == "net: PatchEmbedding must come before the first Stage")
        #expect(
            message {
                PatchEmbedding(channels: 8); PatchEmbedding(channels: 8)
            }
                == "net: PatchEmbedding stands once, at the beginning")
        #expect(
            message {
                PatchEmbedding(channels: 8); TokenMerging()
            }
                == "net: TokenMerging stands between two stages")
        #expect(
            message {
                PatchEmbedding(channels: 8); block; TokenMerging(); TokenMerging()
            }
                == "net: TokenMerging stands between two stages")
        #expect(
            message {
                PatchEmbedding(channels: 8); block; block
            }
                == "net: TokenMerging must stand between two stages")
        #expect(
            message {
                PatchEmbedding(channels: 8)
                block
                TokenMerging()
                Classifier(classes: 1)
            } == "net: a Stage must follow TokenMerging")
        #expect(
            message {
                PatchEmbedding(channels: 8)
                block
                Classifier(classes: 1)
                block
            } == "net: nothing may follow Classifier or FeatureMaps")
        #expect(
            message {
                PatchEmbedding(channels: 8); block
            }
                == "net: Classifier (classes: 0 for pooled features) or FeatureMaps must stand at "
                + "the end")
        #expect(
            message {
                PatchEmbedding(channels: 8); Classifier(classes: 1)
            }
                == "net: 0 stages; 1 to 8 are possible")
    }

    private struct Stranger: NetworkPart {}

    @Test func strangersAreNoParts() {
        #expect(message { Stranger() } == "net: Stranger is not a part of LITv2")
    }

    @Test func blocksOutOfOrder() {
        let layer = HiLoAttention(heads: 4, window: 2)
        let expected = "net, stage 1: a block is ConvFFN, or HiLoAttention then ConvFFN"
        for stage in [
            Stage(depth: 1) {}, Stage(depth: 1) { layer },
            Stage(depth: 1) {
                ConvFFN(); layer
            },
            Stage(depth: 1) {
                layer; layer; ConvFFN()
            },
            Stage(depth: 1) {
                ConvFFN(); ConvFFN()
            },
        ] {
            #expect(
                message {
                    PatchEmbedding(channels: 24); stage
                } == expected)
        }
    }

    @Test func tooManyStages() {
        let text = message(height: 4096, width: 4096) {
            PatchEmbedding(channels: 8)
            Stage(depth: 1) { ConvFFN() }
            for _ in 0..<8 {
                TokenMerging()
                Stage(depth: 1) { ConvFFN() }
            }
            Classifier(classes: 1)
        }
        #expect(text == "net: 9 stages; 1 to 8 are possible")
    }

    @Test func conditionsChooseParts() throws {
        func network(merged: Bool, head: Bool) throws -> LITv2 {
            try LITv2(name: "net", height: 64, width: 64) {
                PatchEmbedding(channels: 8)
                Stage(depth: 1) { ConvFFN() }
                if merged {
                    TokenMerging()
                    Stage(depth: 2) { ConvFFN() }
                }
                if head { Classifier(classes: 9) } else { Classifier(classes: 0) }
            }
        }
        #expect(try network(merged: true, head: true).stages.map(\.channels) == [8, 16])
        #expect(try network(merged: false, head: false).stages.count == 1)
        #expect(try network(merged: false, head: true).classes == 9)
        #expect(try network(merged: false, head: false).classes == 0)
    }

    // MARK: Numbers

    @Test func numbersOutOfRange() {
        #expect(
            plain(classes: -1)
                == "net: classes is -1; 1 to 1000000 are possible, and 0 for pooled features")
        #expect(
            plain(depth: -1) == "net, stage 1: depth is -1; 0 to 1000 blocks are possible")
        #expect(
            plain(depth: 1001) == "net, stage 1: depth is 1001; 0 to 1000 blocks are possible")
        #expect(
            plain(channels: 0) == "net, stage 1: 0 channels; 1 to 65536 are possible")
        #expect(
            plain(channels: 40_000) == "net, stage 2: 80000 channels; 1 to 65536 are possible")
        for ratio in [0, 64.5, .infinity, -.infinity, .nan] {
            #expect(
                plain(ratio: ratio)
                    == "net, stage 1: MLP ratio \(ratio) leaves no hidden channels or too many")
        }
    }

    @Test(arguments: [(100, 104), (1, 8), (0, 8), (-8, 8), (61, 64)])
    func resolutionsThatCannotBeHalved(side: Int, nearest: Int) {
        #expect(
            plain(side: side)
                == "net: resolution \(side)x64: \(side) is not a multiple of 8, so 2 stages cannot "
                + "halve the map; the nearest that can is \(nearest)")
    }

    @Test func resolutionsThatAreTooLarge() {
        #expect(
            plain(side: 16_392) == "net: resolution 16392x64: sides up to 16384 are possible")
    }

    /// The DSL always doubles; stages can also be put together by hand.
    @Test func channelsMustDouble() throws {
        let stage = try LITv2(name: "net", height: 64, width: 64) {
            PatchEmbedding(channels: 8)
            Stage(depth: 1) { ConvFFN() }
            Classifier(classes: 1)
        }.stages[0]
        let error = #expect(throws: NetworkError.self) {
            try LITv2(
                name: "net", resolution: Resolution(height: 64, width: 64), stages: [stage, stage],
                classes: 1)
        }
        #expect(
            error?.description
                == "net, stage 2: 8 channels; token merging doubles the channels to 16")
    }

    @Test func attentionThatDoesNotFit() {
        #expect(
            attention(.init(heads: 5, window: 2))
                == "net, stage 1: 24 channels do not divide into 5 heads; "
                + "choose heads that divide 24")
        for heads in [0, -3] {
            #expect(
                attention(.init(heads: heads, window: 2))
                    == "net, stage 1: heads is \(heads); at least 1 head is needed")
        }
        for alpha in [1.5, -0.1, .nan] {
            #expect(
                attention(.init(heads: 4, window: 2, alpha: alpha))
                    == "net, stage 1: alpha is \(alpha); it is a share of the heads, 0 to 1")
        }
        for window in [0, -2, 257] {
            #expect(
                attention(.init(heads: 4, window: window))
                    == "net, stage 1: window is \(window); 1 to 256 tokens are possible")
        }
        #expect(
            attention(.init(heads: 4, window: 2, qkScale: .infinity))
                == "net, stage 1: qk_scale is inf; it must be finite")
    }

    // MARK: Names

    @Test(arguments: ["int", "while", "restrict", "_net", "__net", "_Bool"])
    func reservedNames(name: String) {
        #expect(plain(name: name) == "name '\(name)': reserved in C; choose another")
    }

    @Test(arguments: [
        "", "2net", "lit-s", "a b", "é", "a.b", "a\n", String(repeating: "a", count: 65),
    ])
    func illegalNames(name: String) {
        #expect(
            plain(name: name)
                == "name '\(name)': expected a C identifier of at most 64 letters, digits and "
                + "underscores that begins with a letter")
    }

    @Test(arguments: ["a", "Net_2", "integer", String(repeating: "a", count: 64)])
    func legalNames(name: String) { #expect(plain(name: name).hasPrefix("accepted")) }

    // MARK: A layer on its own

    @Test func layersThatDoNotFit() {
        func layer(name: String = "layer", dim: Int = 24, height: Int = 14, width: Int = 14)
            -> String
        {
            do {
                let layer = try HiLo(
                    name: name, dim: dim, heads: 4, window: 2, height: height, width: width)
                return "accepted as \(layer)"
            } catch {
                return "\(error)"
            }
        }
        #expect(layer().hasPrefix("accepted"))
        #expect(layer(name: "for") == "name 'for': reserved in C; choose another")
        #expect(layer(dim: 0) == "layer: dim is 0; 1 to 65536 are possible")
        #expect(layer(dim: 65_540) == "layer: dim is 65540; 1 to 65536 are possible")
        #expect(layer(dim: 25).hasPrefix("layer: 25 channels do not divide into 4 heads"))
        for (height, width) in [(0, 14), (14, -2), (4098, 14), (14, 4098)] {
            #expect(
                layer(height: height, width: width)
                    == "layer: a map of \(height)x\(width) tokens; sides of 1 to 4096 are possible")
        }
        #expect(layer(height: 15).hasPrefix("accepted"))
    }

    @Test(arguments: ["", "x", "224x", "x224", "224x224x3", "abc", "22 4", "1.5"])
    func resolutionsThatCannotBeRead(text: String) {
        let error = #expect(throws: NetworkError.self) { try Resolution(parsing: text) }
        #expect(
            error?.description
                == "resolution '\(text)': expected a side (224) or height x width (800x1344)")
    }

    @Test func resolutionsThatCanBeRead() throws {
        #expect(try Resolution(parsing: "224") == Resolution(height: 224, width: 224))
        #expect(try Resolution(parsing: "800x1344") == Resolution(height: 800, width: 1344))
    }
}
