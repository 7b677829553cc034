import ArrayFiles
import Foundation
import Synchronization
import TestFixtures
import Testing
import Toolchain

@testable import HiLoKit
@testable import Tuning

/// A layer whose integers, or whose bf16, spoil the answers, in real libraries.
@Suite(.serialized, .enabled("no C compiler with OpenMP") { await Compiler.isThere })
struct LifterTests {
    /// Answers of libraries, with what each keeps.
    private final class Spy: ComparedImages {
        private let images: ArrayImages
        private let seen = Mutex<[(kept: [String], precision: Precision, logits: [Float])]>([])

        init(_ file: URL) throws { images = try ArrayImages(contentsOf: file) }

        var count: Int { images.count }
        var runs: [(kept: [String], precision: Precision, logits: [Float])] {
            seen.withLock { $0 }
        }

        func outputs(of library: GeneratedLibrary, on indices: [Int]) async throws -> [[Float]] {
            let outputs = try await images.outputs(of: library, on: indices)
            let target = library.plan.target
            seen.withLock { $0.append((target.kept.map(\.layer), target.precision, outputs[0])) }
            return outputs
        }
    }

    /// A layer is found, kept one step wider, and then the answers are those of double precision.
    @Test(arguments: [Precision.int8, .bf16])
    func aLayerThatSpoilsAnswersIsKept(precision: Precision) async throws {
        let classifier = try SpoiltClassifier(for: precision)
        let network = classifier.network
        try await withTemporaryFolder { folder in
            let (recorded, spy, lifted) = try await lift(
                network, classifier.weights, classifier.images, folder, precision)
            let type = precision == .int8 ? ElementType.bf16 : .f32
            #expect(lifted.kept.map(\.layer) == [SpoiltClassifier.layer])
            #expect(lifted.kept.map(\.type) == [type])
            #expect(lifted.tensors == recorded.tensors)
            let agreement = try #require(lifted.agreement)
            #expect(agreement.cost == .answers(0) && agreement.images == classifier.images.count)
            #expect(agreement.costWithoutKept.share(ofImages: 1) > 1, "\(agreement)")
            let layers = precision == .int8 ? network.quantisableLayers : network.roundedLayers
            let alone = layers.map { layer in layers.filter { $0 != layer } }
            #expect(spy.runs.map(\.kept) == [[], []] + alone + [[SpoiltClassifier.layer]])
            #expect(
                spy.runs.map(\.precision) == [.f32]
                    + Array(repeating: precision, count: layers.count + 2))
            #expect(answers(spy.runs[layers.count + 2].logits) == classifier.answers)
            #expect(answers(spy.runs[1].logits) != classifier.answers)
            try expectTheSameAgain(lifted, network, classifier.weights, folder)
        }
    }

    /// What bf16 cannot hold either is in single precision, and all other layers stay in bf16.
    @Test(.enabled(if: TestScope.isLong, "for make test-long"))
    func aLayerThatSpoilsBF16IsKeptInSinglePrecision() async throws {
        let classifier = try SpoiltClassifier(for: .bf16)
        try await withTemporaryFolder { folder in
            let (_, spy, lifted) = try await lift(
                classifier.network, classifier.weights, classifier.images, folder)
            #expect(lifted.kept.first?.layer == SpoiltClassifier.layer)
            let layers = classifier.network.quantisableLayers
            #expect(
                lifted.kept.map(\.type)
                    == [.f32] + Array(repeating: .bf16, count: layers.count - 1))
            #expect(lifted.agreement?.cost == .answers(0))
            let ofBF16 = try #require(spy.runs.first { $0.kept.count == layers.count })
            #expect(answers(ofBF16.logits) != classifier.answers)
            try expectTheSameAgain(lifted, classifier.network, classifier.weights, folder)
        }
    }

    /// The same of a segmenter, by the maps that its head reads: what is kept is enough, and nothing more is kept.
    @Test func aLayerThatSpoilsMapsIsKept() async throws {
        let network = try SpoiltClassifier.segmenter()
        let layer = "backbone." + SpoiltClassifier.layer
        let seeded = try WeightSource.seed(11).weights(for: network)
        let weights = WeightSource.Matched(
            weights: SpoiltClassifier.spoilt(seeded, layer, weight: 1024, ratio: 1),
            unused: [], absent: [])
        try await withTemporaryFolder { folder in
            let images = SpoiltClassifier.images(of: network, 20)
            let (_, _, lifted) = try await lift(network, weights, images, folder)
            #expect(lifted.kept.map(\.layer) == [layer])
            let agreement = try #require(lifted.agreement)
            // All, since maps are small.
            #expect(agreement.images == images.count)
            #expect(agreement.costWithoutKept.share(ofImages: images.count) > 0.01)
            #expect(agreement.cost.share(ofImages: images.count) < 0.003, "\(agreement)")
            try expectTheSameAgain(lifted, network, weights, folder)
        }
    }

    private func lift(
        _ network: Network, _ weights: WeightSource.Matched, _ images: [[Float]], _ folder: URL,
        _ precision: Precision = .int8
    ) async throws -> (recorded: Calibration, spy: Spy, lifted: Calibration) {
        let file = folder.appending(path: "x.npy")
        try NPYArray(
            shape: [images.count] + network.inputShape, values: images.flatMap { $0 }
        ).write(to: file.path)
        let compiler = try await Compiler.hasty()
        let recorded =
            precision == .int8
            ? try await Calibrator.record(
                network, weights, images: [.array(file)], with: compiler)
            : try .ofBF16(network, weights, images: images.count)
        let spy = try Spy(file)
        let lifted = try await Lifter(
            network, weights, recorded, images: spy, compiler: compiler
        ).lift(maxDrop: 0.01)
        return (recorded, spy, lifted)
    }

    private func answers(_ logits: [Float]) -> [Int] {
        stride(from: 0, to: logits.count, by: SpoiltClassifier.classes).map { start in
            SpoiltClassifier.likeliest(logits[start..<start + SpoiltClassifier.classes])
        }
    }

    /// The calibration as a file says all that the library follows from.
    private func expectTheSameAgain(
        _ lifted: Calibration, _ network: Network, _ weights: WeightSource.Matched, _ folder: URL
    ) throws {
        let file = folder.appending(path: "calibration.json")
        try lifted.write(to: file.path)
        let precision = lifted.precision
        let again = try Calibration(
            contentsOf: file.path, for: network, weights, as: precision)
        #expect(again == lifted && again.json == lifted.json)
        let files = try [lifted, again].map { calibration in
            let target = try Target(isa: .avx2, precision: precision, kept: calibration.kept)
            let plan = try Planner(network, target).plan()
            let library = try LibraryGenerator(
                plan, weights, origin: "test", calibration: calibration
            ).write(to: folder.appending(path: "library"))
            #expect(try plan.reread() == plan)
            return try Data(contentsOf: library.weightsFile)
        }
        #expect(files[0] == files[1])
        // A plan without them is not what the calibration is for.
        let plan = try Planner(
            network, Target(isa: .avx2, precision: precision)
        ).plan()
        #expect(throws: CalibrationError.self) {
            try LibraryGenerator(
                plan, weights, origin: "test", calibration: lifted)
        }
    }
}

/// A small classifier that tells its images apart without doubt, with a layer that integers of 8 bits cannot
/// hold: two channels of a ConvFFN that are the same are added and taken away with weights a thousand times as
/// large as all others. In floating-point numbers nothing is left of them; integers have no steps left for the
/// others. Where bf16 is to be too coarse too, they differ by less than a step of that, and the weights are larger.
private struct SpoiltClassifier {
    static let layer = "layers.1.blocks.0.mlp"
    static let classes = 7
    let network: Network
    let weights: WeightSource.Matched
    let images: [[Float]]
    /// Of the images, in double precision.
    let answers: [Int]

    init(for precision: Precision = .int8) throws {
        network = try tinyNetwork()
        let seeded = try WeightSource.seed(11).weights(for: network)
        let spoilt =
            precision == .bf16
            ? Self.spoilt(seeded, weight: 8192, ratio: 1 + 1 / 4096)
            : Self.spoilt(seeded, weight: 1024, ratio: 1)
        let all = Self.images(of: network, 48)
        let outputs = try Self.outputs(network, spoilt, all)
        // Each class is the likeliest one of some images once the head's bias takes off what all have.
        let means = (0..<Self.classes).map { index in
            outputs.reduce(0) { $0 + $1[index] } / Double(all.count)
        }
        let bias = zip(spoilt["head.bias"], means).map { $0 - Float($1) }
        weights = WeightSource.Matched(
            weights: spoilt.adding(["head.bias": bias]), unused: [], absent: [])
        let centred = outputs.map { zip($0, means).map { $0 - $1 } }
        let chosen = all.indices.sorted { Self.margin(centred[$0]) > Self.margin(centred[$1]) }
            .prefix(24).sorted()
        images = chosen.map { all[$0] }
        answers = chosen.map { Self.likeliest(centred[$0][...]) }
    }

    /// A segmenter on a backbone with that layer.
    static func segmenter() throws -> Network {
        Network(try SemanticFPN(tinyLITv2(FeatureMaps()), classes: 3, channels: 16, width: 16))
    }

    static func spoilt(
        _ weights: Weights, _ layer: String = layer, weight: Float, ratio: Float
    ) -> Weights {
        var changed: [String: [Float]] = [:]
        for name in ["fc1.weight", "fc1.bias", "dwconv.dwconv.weight", "dwconv.dwconv.bias"] {
            var values = weights["\(layer).\(name)"]
            let row = values.count / hidden
            // Of fc1, since GELU and what comes before it make them differ as much.
            let factor = name.hasPrefix("fc1") ? ratio : 1
            values.replaceSubrange(row..<2 * row, with: values[..<row].map { factor * $0 })
            changed["\(layer).\(name)"] = values
        }
        var contraction = weights["\(layer).fc2.weight"]
        for row in 0..<contraction.count / hidden {
            // A norm takes away what all channels have.
            let sign: Float = row % 2 == 0 ? 1 : -1
            contraction[row * hidden] = sign * weight
            contraction[row * hidden + 1] = -sign * weight
        }
        changed["\(layer).fc2.weight"] = contraction
        return weights.adding(changed)
    }

    /// Channels of the ConvFFN inside.
    private static let hidden = 96

    /// Planes of one colour with some noise.
    static func images(of network: Network, _ count: Int) -> [[Float]] {
        let plane = network.inputShape[1] * network.inputShape[2]
        return (0..<count).map { image in
            let colours = SeededValues(seed: UInt64(image), name: "colour").values(3, scale: 2)
            let noise = SeededValues(seed: UInt64(image), name: "noise").values(3 * plane)
            return noise.enumerated().map { colours[$0 / plane] + $1 / 2 }
        }
    }

    private static func outputs(
        _ network: Network, _ weights: Weights, _ images: [[Float]]
    ) throws -> [[Double]] {
        let reference = ReferenceNetwork(network) { weights[$0] }
        return try images.map { try reference.outputs($0)[0] }
    }

    private static func margin(_ logits: [Double]) -> Double {
        let sorted = logits.sorted(by: >)
        return sorted[0] - sorted[1]
    }

    static func likeliest<Value: Comparable>(_ logits: ArraySlice<Value>) -> Int {
        (logits.indices.max { logits[$0] < logits[$1] } ?? logits.startIndex) - logits.startIndex
    }
}
