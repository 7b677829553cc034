import CodeGeneration
import HiLoKit
import Testing

@testable import Tuning

/// Which layers are kept, with logits that are worked out instead of measured.
@Suite struct LayerChoiceTests {
    /// A classifier of three classes: image i of n is (i + 1) / n surer of its own class than of the others,
    /// and each layer of integers makes the next class likelier by its damage, so the images that are less
    /// sure than all damage together get another answer.
    private final class Classifier {
        let damages: [String: Double]
        /// The same of layers in bf16.
        let halves: [String: Double]
        let images: Int
        /// What stays when all layers are in single precision.
        let remainder: Double
        private(set) var libraries: [LayerChoice.Library] = []
        private(set) var sizes: [Int] = []

        init(
            _ damages: [Double], halves: [Double] = [], images: Int, remainder: Double = 0
        ) {
            func named(_ values: [Double]) -> [String: Double] {
                Dictionary(uniqueKeysWithValues: values.enumerated().map { (Self.name($0), $1) })
            }
            self.damages = named(damages)
            self.halves = named(halves)
            self.images = images
            self.remainder = remainder
        }

        static func name(_ index: Int) -> String { "layer\(index)" }

        var layers: [String] { (0..<damages.count).map(Self.name) }

        func damage(keeping kept: [KeptLayer]) -> Double {
            let types = Dictionary(uniqueKeysWithValues: kept.map { ($0.layer, $0.type) })
            return layers.reduce(remainder) { sum, layer in
                switch types[layer] {
                case .f32: sum
                case .bf16: sum + (halves[layer] ?? 0)
                default: sum + (damages[layer] ?? 0)
                }
            }
        }

        func differing(keeping kept: [KeptLayer]) -> Int {
            (1...images).count { Double($0) / Double(images) < damage(keeping: kept) }
        }

        func logits(_ library: LayerChoice.Library, _ indices: [Int]) -> Outputs {
            libraries.append(library)
            sizes.append(indices.count)
            return [
                indices.flatMap { image in
                    var logits = [Float](repeating: 7, count: 3)
                    logits[image % 3] += Float(image + 1) / Float(images)
                    if case .narrow(let kept) = library {
                        logits[(image + 1) % 3] += Float(damage(keeping: kept))
                    }
                    return logits
                }
            ]
        }

        func choose(
            _ precision: Precision = .int8, maxDrop: Double
        ) async throws -> (kept: [KeptLayer], agreement: Calibration.Agreement) {
            let types: [ElementType] = precision == .int8 ? [.bf16, .f32] : [.f32]
            return try await LayerChoice(
                precision: precision, levels: types.map { .init(type: $0, layers: layers) },
                measure: .answers(classes: 3), images: images, maxDrop: maxDrop
            ) { library, indices, _ in self.logits(library, indices) }.choose()
        }
    }

    @Test func nothingIsKeptWhereThePromiseHolds() async throws {
        let classifier = Classifier([0.001, 0.002, 0.0019], images: 200)
        let (kept, agreement) = try await classifier.choose(maxDrop: 0)
        #expect(kept.isEmpty)
        #expect(
            agreement
                == .init(maxDrop: 0, images: 200, cost: .answers(0), costWithoutKept: .answers(0)))
        #expect(classifier.libraries == [.f32, .narrow(kept: [])])
        #expect(classifier.sizes == [200, 200])
    }

    /// As many as are promised may differ, and no more: of 100 images 4 are less sure than 0.05.
    @Test(arguments: [(0.05, 0), (0.04, 0), (0.039, 1)])
    func thePromiseIsAShare(maxDrop: Double, kept: Int) async throws {
        let classifier = Classifier([0.0001, 0.0499], images: 100)
        let found = try await classifier.choose(maxDrop: maxDrop)
        #expect(found.kept.map(\.layer) == (kept == 0 ? [] : ["layer1"]))
        #expect(found.agreement.costWithoutKept == .answers(4))
    }

    /// One bad layer among many is found with a library for each layer, on some of the images.
    @Test func theLayerThatLosesMostIsKept() async throws {
        var damages = [Double](repeating: 0.0001, count: 12)
        damages[7] = 0.4
        let classifier = Classifier(damages, images: 1000)
        let (kept, agreement) = try await classifier.choose(maxDrop: 0.01)
        #expect(kept.map(\.layer) == ["layer7"])
        #expect(try #require(kept[0].error) > 0.1)
        #expect(
            agreement.cost == .answers(1) && agreement.costWithoutKept.share(ofImages: 1000) > 0.39)
        #expect(classifier.sizes == [1000, 1000] + Array(repeating: 64, count: 12) + [1000])
    }

    /// As a search of all counts has it, with few libraries.
    @Test(arguments: 0..<40) func asFewAsPossibleAreKept(seed: UInt64) async throws {
        let random = SeededValues(seed: seed, name: "damage")
        let count = 2 + Int(seed % 9) * 3
        let damages = random.values(count, center: 0.01, scale: 0.01).map { Double($0) }
        let classifier = Classifier(damages, images: 300)
        let maxDrop = [0, 0.01, 0.03, 0.1][Int(seed % 4)]
        let (kept, agreement) = try await classifier.choose(maxDrop: maxDrop)
        let ranked = damages.indices.sorted { damages[$0] > damages[$1] }
            .map { KeptLayer(Classifier.name($0)) }
        let fewest = try #require(
            (0...count).first {
                Double(classifier.differing(keeping: Array(ranked.prefix($0)))) / 300 <= maxDrop
            })
        #expect(kept.map(\.layer) == ranked.prefix(fewest).map(\.layer))
        #expect(agreement.cost == .answers(classifier.differing(keeping: kept)))
        let errors: [Double] = kept.map { $0.error ?? 0 }
        #expect(errors == errors.sorted(by: >))
        let logarithm = (0...count).first { 1 << $0 >= count } ?? 0
        #expect(classifier.libraries.count <= 2 + count + 2 * logarithm + 1)
    }

    /// Where all layers of bf16 are not enough, those that lose most in it are in single precision.
    @Test(arguments: [(0.01, 1), (0.0, 3)])
    func whatBF16LosesIsKeptInSinglePrecision(maxDrop: Double, count: Int) async throws {
        let classifier = Classifier(
            [0.2, 0.1, 0.15, 0.3], halves: [0.0094, 0.05, 0.0092, 0.001], images: 100)
        let (kept, agreement) = try await classifier.choose(maxDrop: maxDrop)
        let layers = ["layer1", "layer0", "layer2"].prefix(count).map(\.self)
        #expect(kept.filter { $0.type == .f32 }.map(\.layer) == layers)
        // The others stay what they were lifted to before, those that lose most as integers first.
        let others = ["layer3", "layer0", "layer2", "layer1"].filter { !layers.contains($0) }
        #expect(kept.dropFirst(count).map(\.layer) == others)
        #expect(kept.dropFirst(count).allSatisfy { $0.type == .bf16 })
        #expect(agreement.cost == .answers(classifier.differing(keeping: kept)))
        #expect(agreement.cost.share(ofImages: 100) <= maxDrop)
        #expect(Double(classifier.differing(keeping: Array(kept.dropFirst()))) / 100 > maxDrop)
    }

    /// Where all layers are bf16, those that lose most are in single precision, and no others.
    @Test(arguments: [(0.3, []), (0.12, ["layer2"]), (0.02, ["layer2", "layer1"])])
    func layersOfBF16AreKeptInSinglePrecision(maxDrop: Double, layers: [String]) async throws {
        let classifier = Classifier([0.011, 0.1, 0.15], images: 100)
        let (kept, agreement) = try await classifier.choose(.bf16, maxDrop: maxDrop)
        #expect(kept.map(\.layer) == layers && kept.allSatisfy { $0.type == .f32 })
        #expect(agreement.cost == .answers(classifier.differing(keeping: kept)))
        #expect(agreement.costWithoutKept == .answers(26))
    }

    /// What single precision loses too cannot be helped by keeping layers.
    @Test func aPromiseThatCannotBeKeptIsAnError() async throws {
        let classifier = Classifier([0.2, 0.1], images: 100, remainder: 0.055)
        let error = await #expect(throws: LiftingError.self) {
            try await classifier.choose(maxDrop: 0.01)
        }
        let text = "\(try #require(error))"
        for words in [
            "--max-drop 0.01", "100 images 35", "and 5 still with all layers in f32",
            "--max-drop 0.35,",
            "--precision f32",
        ] { #expect(text.contains(words), "\(text)") }
        // It is as it says.
        let looser = try await classifier.choose(maxDrop: 0.35)
        #expect(looser.kept.isEmpty && looser.agreement.cost == .answers(35))
    }

    /// Where maps are compared, their error counts: of the layers in the search above, squares of damages.
    @Test(arguments: [(0.2, []), (0.01, ["layer2"]), (0.0005, ["layer2", "layer0"])])
    func errorsOfMapsAreBounded(maxDrop: Double, layers: [String]) async throws {
        let damages: [Double] = [0.05, 0.01, 0.4]
        let shape = OutputMeasure.Shape(tokens: 2, channels: 1, layout: .tokens)
        let (kept, agreement) = try await LayerChoice(
            precision: .int8,
            levels: [.init(type: .bf16, layers: damages.indices.map { "layer\($0)" })],
            measure: .maps([shape]), images: 3, maxDrop: maxDrop
        ) { library, images, _ in
            guard case .narrow(let kept) = library else {
                return [images.flatMap { _ in [6, 4] as [Float] }]
            }
            let names = kept.map(\.layer)
            let damage = damages.indices.filter { !names.contains("layer\($0)") }
                .reduce(0) { $0 + damages[$1] * damages[$1] }.squareRoot()
            return [images.flatMap { _ in [6 + Float(damage), 4 - Float(damage)] }]
        }.choose()
        #expect(kept.map(\.layer) == layers)
        guard case .maps(let error) = agreement.costWithoutKept else {
            Issue.record("\(agreement)")
            return
        }
        // Values are 1 away from their mean.
        #expect(abs(error - 0.1626) < 1e-6)
        #expect(agreement.cost.share(ofImages: 3) <= maxDrop && agreement.images == 3)
        for (layer, damage) in zip(kept, [0.4, 0.05]) {
            #expect(abs((layer.error ?? 0) - damage) < 1e-3)
        }
    }

    /// Neither promise nor advice that nothing can keep.
    @Test(arguments: [(0.02, true), (1.5, false), (Float.nan, false)])
    func errorsThatCannotBeBoundedAreRefused(damage: Float, hasAdvice: Bool) async throws {
        let error = await #expect(throws: LiftingError.self) {
            try await LayerChoice(
                precision: .int8, levels: [.init(type: .bf16, layers: ["layer"])],
                measure: .maps([.init(tokens: 2, channels: 1, layout: .tokens)]), images: 2,
                maxDrop: 0.0001
            ) { library, images, _ in
                let moved = library == .f32 ? 0 : damage
                return [images.flatMap { _ in [1 + moved, -1 - moved] }]
            }.choose()
        }
        let text = "\(try #require(error))"
        #expect(text.contains("--max-drop 0.001, which int8 holds") == hasAdvice, "\(text)")
        #expect(text.contains("0.04 % with int8, and 0.04 % still with") == hasAdvice, "\(text)")
        #expect(text.contains("--precision f32"))
    }

    /// There is nothing to compare with.
    @Test func outputsThatAreNotFiniteAreRefused() async throws {
        let error = await #expect(throws: LiftingError.self) {
            try await LayerChoice(
                precision: .int8, levels: [.init(type: .bf16, layers: ["layer"])],
                measure: .answers(classes: 2), images: 1, maxDrop: 0.1
            ) { _, _, _ in [[1, .nan]] }.choose()
        }
        #expect("\(try #require(error))".contains("not finite"))
    }

    // MARK: - Sources that are shared

    private func file(_ path: String, _ text: String) -> GeneratedFile {
        GeneratedFile(path: path, contents: text)
    }

    private func key(_ source: String, number: Int, inner: String = "int x;") -> [[UInt8]] {
        SourceContents(
            [
                file("include/net.h", "#define NET_FINGERPRINT \"\(number)\"\nint net;\n"),
                file(
                    "src/internal.h", "#include \"net.h\"\nenum { NET_MOST_STEPS = \(number) };\n"),
                file("src/inner.h", inner),
            ]
        ).key(of: file("src/a.c", source))
    }

    /// A source is compiled again where it or what it includes differs, but for numbers it does not read.
    @Test func sourcesAreSharedWhereTheirObjectsAreEqual() {
        let plain = "#include \"internal.h\"\nint a;\n"
        #expect(key(plain, number: 1) == key(plain, number: 2))
        #expect(key(plain, number: 1) != key(plain + "int b;\n", number: 1))
        for reading in ["int b = NET_MOST_STEPS;\n", "char b[] = NET_FINGERPRINT;\n"] {
            #expect(key(plain + reading, number: 1) != key(plain + reading, number: 2))
        }
        #expect(key(plain, number: 1) == key(plain, number: 1, inner: "int y;"))
        let including = plain + "#include \"inner.h\"\n"
        #expect(key(including, number: 1) != key(including, number: 1, inner: "int y;"))
    }
}
