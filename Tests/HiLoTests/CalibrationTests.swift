import ArrayFiles
import Foundation
import TestFixtures
import Testing
import Toolchain

@testable import HiLoKit

/// What values tensors take, measured by a library in single precision that returns them.
struct CalibrationTests {
    // MARK: - Networks that return what is observed

    /// Every network that can be generated, its heads included.
    private static func networks() throws -> [Network] {
        let backbone = try LITv2(name: "heads", height: 64, width: 96) {
            PatchEmbedding(channels: 8)
            Stage(depth: 1) { ConvFFN() }
            TokenMerging()
            Stage(depth: 1) {
                HiLoAttention(heads: 4, window: 2, alpha: 0.5)
                ConvFFN()
            }
            TokenMerging()
            Stage(depth: 1) { ConvFFN() }
            TokenMerging()
            Stage(depth: 1) { ConvFFN() }
            FeatureMaps()
        }
        // 4 KiB a token, which are spread in the arena and never in an output.
        let wide = try LITv2(name: "wide", height: 32, width: 48) {
            PatchEmbedding(channels: 64)
            Stage(depth: 1) { ConvFFN(ratio: 16) }
            Classifier(classes: 4)
        }
        return [
            try smallNetwork(), Network(backbone), Network(wide),
            Network(try HiLo(dim: 24, heads: 4, window: 2, alpha: 0.5, height: 6, width: 12)),
            Network(try MSA(dim: 24, heads: 4)), Network(try SRA(dim: 24, heads: 3)),
            Network(try WindowMSA(dim: 24, heads: 4, window: 2)),
            Network(try RetinaNet(backbone, classes: 3, channels: 16, depth: 1)),
            Network(try MaskRCNN(backbone, classes: 3, channels: 16, width: 32, depth: 1)),
            Network(try SemanticFPN(backbone, classes: 3, channels: 16, width: 16)),
        ]
    }

    @Test func everyQuantisableTensorIsAnOutputThatOneStepWrites() throws {
        for network in try Self.networks() {
            let points = network.quantisable
            let observed = try #require(network.observed, "\(network.name)")
            #expect(observed.outputs.map { $0.shape.last } == points.map(\.channels))
            let plan = try Planner(observed, Target(isa: .native())).plan()
            var written: [Int] = []
            for step in plan.variants[0].passes[0].steps {
                let operands = plan.variants[0].kernels[step.kernel].operands.outputs
                for (place, operand) in zip(step.outputs, operands) {
                    guard case .output(let index) = place.base else { continue }
                    written.append(index)
                    #expect(operand.stride == points[index].channels, "\(step.label)")
                }
            }
            #expect(written.sorted() == Array(points.indices), "\(network.name)")
        }
    }

    /// What is behind the last observed tensor is left out: of a detector all that is not its backbone.
    @Test func nothingElseIsComputed() throws {
        for network in try Self.networks() {
            let graph = try #require(network.observed).graph
            let read = Set(graph.nodes.flatMap(\.inputs) + graph.outputs)
            #expect(graph.nodes.allSatisfy { read.contains($0.output) })
            #expect(!graph.nodes.contains { $0.operation == .stack })
            #expect(graph.nodes.count < network.graph.nodes.count)
        }
    }

    // MARK: - Measuring

    private static let isBuildable = ConditionTrait.enabled("no C compiler with OpenMP") {
        await Compiler.isThere
    }

    private func input(of network: Network, images: Int) -> [Float] {
        SeededValues(seed: 5, name: "x").values(
            images * network.inputShape.reduce(1, *), scale: 2)
    }

    /// Statistics of arrays as the harness wrote them, computed here in double precision.
    private func expect(
        _ calibration: Calibration, isOf arrays: [NPYArray], _ network: Network
    ) {
        #expect(calibration.tensors.map(\.name) == network.quantisable.map(\.name))
        for (tensor, array) in zip(calibration.tensors, arrays) {
            let channels = tensor.least.count
            for channel in 0..<channels {
                let values = stride(from: channel, to: array.values.count, by: channels)
                    .map { array.values[$0] }
                let count = Double(values.count)
                let mean = values.reduce(0) { $0 + Double($1) } / count
                let square = values.reduce(0) { $0 + Double($1) * Double($1) } / count
                #expect(tensor.least[channel] == values.min())
                #expect(tensor.greatest[channel] == values.max())
                #expect(abs(Double(tensor.mean[channel]) - mean) <= 1e-6 * square.squareRoot())
                #expect(abs(Double(tensor.meanSquare[channel]) - square) <= 1e-6 * square)
            }
        }
    }

    /// More images than a call takes; in several parts they give the same.
    @Test(isBuildable) func statisticsAreThoseOfAllTokensAndImages() async throws {
        let network = try smallNetwork()
        let weights = try WeightSource.seed(3).matched(network)
        try await withTemporaryFolder { folder in
            var whole = try Calibrator(network, weights, in: folder.appending(path: "library"))
            try await whole.build(with: .hasty())
            var parts = whole
            let values = input(of: network, images: 10)
            let x = folder.appending(path: "x.npy")
            try writeInputs(values, of: network, to: x)
            try await whole.add(.array(x))
            let calibration = try whole.calibration()
            #expect(calibration.images == 10)
            expect(
                calibration, isOf: try await whole.library.outputs(of: x, in: folder).arrays,
                network)

            let size = network.inputShape.reduce(1, *)
            for part in [values[..<(3 * size)], values[(3 * size)...]] {
                try writeInputs(Array(part), of: network, to: x)
                try await parts.add(.array(x))
            }
            let other = try parts.calibration()
            #expect(other.images == 10)
            for (one, two) in zip(calibration.tensors, other.tensors) {
                #expect(one.least == two.least && one.greatest == two.greatest)
                for (mean, same) in zip(one.mean + one.meanSquare, two.mean + two.meanSquare) {
                    #expect(abs(mean - same) <= 1e-5 * max(1e-3, abs(mean)))
                }
            }
            try await expectNumbersThatAreNone(parts, network, x)
            try await expectPicturesArePrepared(whole.library, folder)
        }
    }

    private func expectNumbersThatAreNone(
        _ calibrator: Calibrator, _ network: Network, _ file: URL
    ) async throws {
        for bad in [Float.nan, .infinity] {
            var calibrator = calibrator
            var values = input(of: network, images: 1)
            values[7] = bad
            try writeInputs(values, of: network, to: file)
            let error = await #expect(throws: CalibrationError.self) {
                try await calibrator.add(.array(file))
            }
            let message = "\(error.map { "\($0)" } ?? "")"
            #expect(message.hasPrefix(file.path) && message.contains("no finite numbers"))
            #expect(message.contains(network.quantisable[0].name), "\(message)")
        }
    }

    /// The same picture as a file of pictures and as an array, which `run` takes too.
    private func expectPicturesArePrepared(
        _ library: GeneratedLibrary, _ folder: URL
    ) async throws {
        let (height, width) = (70, 90)
        let pixels = (0..<3 * height * width).map { UInt8(truncatingIfNeeded: $0 &* 37 / 5) }
        let array = folder.appending(path: "picture.npy")
        try NPYArray.write(bytes: pixels, shape: [height, width, 3], to: array.path)
        let pictures = folder.appending(path: "pictures")
        let one = PictureFile.start(width: width, height: height) + pixels
        try Data(PictureFile.start(pictures: 2) + one + one).write(to: pictures)
        let twice = try await library.channelTotals(of: .pictures(pictures), threads: 1)
        let once = try await library.channelTotals(of: .array(array), threads: 2)
        #expect(twice.map(\.images) == once.map { 2 * $0.images })
        #expect(twice.map(\.least) == once.map(\.least))
        #expect(twice.map(\.greatest) == once.map(\.greatest))
        for (twice, once) in zip(twice, once) {
            #expect(
                zip(twice.sum, once.sum).allSatisfy { abs($0 - 2 * $1) <= 1e-9 * abs($0) + 1e-9 })
        }
    }

    /// The tensors are what they are called: the product that is named reads them, and its result is
    /// the layer's, as the reference in double precision knows it.
    @Test(isBuildable) func namedProductsReadTheTensors() async throws {
        let network = Network(
            try HiLo(dim: 24, heads: 4, window: 2, alpha: 0.5, height: 6, width: 12))
        let weights = try WeightSource.seed(3).matched(network)
        let values = input(of: network, images: 1)
        let expected = try ReferenceNetwork(network) { weights.weights[$0] }.outputs(values)[0]
        let arrays = try await withTemporaryFolder { folder in
            let calibrator = try Calibrator(network, weights, in: folder.appending(path: "library"))
            try await calibrator.build(with: .hasty())
            let x = folder.appending(path: "x.npy")
            try writeInputs(values, of: network, to: x)
            return try await calibrator.library.outputs(of: x, in: folder).arrays
        }
        let points = network.quantisable
        #expect(points.map(\.name).sorted() == ["h_proj", "l_proj"])
        let largest = expected.map(abs).max() ?? 0
        for (point, array) in zip(points, arrays) {
            let matrix = weights.weights["\(point.name).weight"]
            let bias = weights.weights["\(point.name).bias"]
            let column = point.name == "h_proj" ? 0 : 24 - bias.count
            for token in 0..<72 {
                for row in bias.indices {
                    let sum = (0..<point.channels).reduce(Double(bias[row])) {
                        $0 + Double(matrix[row * point.channels + $1])
                            * Double(array.values[token * point.channels + $1])
                    }
                    #expect(abs(sum - expected[token * 24 + column + row]) < 1e-5 * largest)
                }
            }
        }
    }

    /// Of a segmenter the same as of its backbone alone, which has the same weights.
    @Test(isBuildable) func networksWithHeadsAreMeasured() async throws {
        let network = try Self.networks()[9]
        let weights = try WeightSource.seed(3).matched(network)
        try await withTemporaryFolder { folder in
            let x = folder.appending(path: "x.npy")
            try writeInputs(input(of: network, images: 1), of: network, to: x)
            let calibration = try await Calibrator.record(
                network, weights, images: [.array(x)], with: .hasty())
            #expect(calibration.images == 1 && !calibration.tensors.isEmpty)
            try calibration.check(tensorsOf: network)
        }
    }

    // MARK: - Files

    private func sample(_ network: Network, _ weights: WeightSource.Matched) -> Calibration {
        Calibration(
            weights: weights.checksum(for: network), images: 7,
            tensors: network.quantisable.enumerated().map { index, point in
                let least = SeededValues(seed: UInt64(index), name: "least").values(point.channels)
                return .init(
                    name: point.name, least: least, greatest: least.map { $0 + 3 },
                    mean: least.map { $0 + 1 }, meanSquare: least.map { $0 * $0 + 2 })
            })
    }

    @Test func filesKeepEveryBit() async throws {
        let network = try smallNetwork()
        let weights = try WeightSource.seed(3).matched(network)
        let calibration = sample(network, weights)
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "calibration.json").path
            try calibration.write(to: path)
            #expect(
                try Calibration(contentsOf: path, for: network, weights, as: .int8) == calibration)
        }
        // A tensor a line.
        let lines = calibration.json.split(separator: "\n")
        #expect(lines.count(where: { $0.contains("\"meanSquare\"") }) == network.quantisable.count)
    }

    /// A library holds its calibration, and so does one that takes over its weights.
    @Test func librariesKeepTheirCalibration() async throws {
        let network = try smallNetwork()
        let weights = try WeightSource.seed(3).matched(network)
        let calibration = sample(network, weights)
        let plan = try Planner(network, Target(isa: .generic, precision: .int8)).plan()
        let floats = try Planner(network, Target(isa: .generic)).plan()
        try await withTemporaryFolder { folder in
            let first = try LibraryGenerator(
                plan, weights, origin: "seed 3", calibration: calibration
            ).write(to: folder.appending(path: "first"))
            let second = try LibraryGenerator(plan, keeping: PackedWeights(of: first))
                .write(to: folder.appending(path: "second"))
            for library in [first, second] {
                let file = library.folder.appending(path: Calibration.fileName)
                #expect(
                    try Calibration(contentsOf: file.path, for: network, weights, as: .int8)
                        == calibration)
                // Listed, so that it is no file that somebody added.
                try library.checkReplaceable()
            }
            let other = try LibraryGenerator(floats, weights, origin: "seed 3")
                .write(to: folder.appending(path: "first"))
            let file = other.folder.appending(path: Calibration.fileName)
            #expect(!FileManager.default.fileExists(atPath: file.path))
        }
        // A plan of another precision is not what it is for.
        #expect(throws: CalibrationError.self) {
            try LibraryGenerator(floats, weights, origin: "seed 3", calibration: calibration)
        }
    }

    /// A change of a calibration's text, and what the error must say.
    private static let changes: [(old: String, new: String, words: [String])] = [
        ("{\n", "[\n", ["not a calibration"]),
        ("\"format\": 1", "\"form\": 1", ["no 'format'"]),
        ("\"format\": 1", "\"format\": 2", ["format version 2", "reads 1"]),
        (
            "\"format\": 1,", "\"format\": 1, \"precision\": \"bf16\",",
            ["recorded for bf16, expected one for int8"]
        ),
        ("\"images\": 7", "\"images\": 0", ["images", "1 or more"]),
        ("\"images\": 7", "\"pictures\": 7", ["has no 'images'"]),
        ("\"tensors\"", "\"sensors\"", ["has no 'tensors'"]),
        ("\"weights\": \"", "\"weights\": \"0", ["of other weights", "checksum"]),
        ("mlp.fc1", "mlp.fc9", ["of another network", "mlp.fc1", "mlp.fc9"]),
        ("\"mean\":[", "\"mean\":[0,", ["mlp.fc1", "'mean'", "12 channels", "13"]),
        ("\"mean\":[", "\"mean\":[\"\",", ["not a calibration"]),
        ("\"meanSquare\":[", "\"meanSquare\":[-1,", ["'meanSquare'"]),
        ("\"least\":[", "\"least\":[1e999,", ["calibration.json"]),
    ]

    @Test(arguments: changes.indices) func damagedFilesAreRefused(index: Int) async throws {
        let (old, new, words) = Self.changes[index]
        let network = try smallNetwork()
        let weights = try WeightSource.seed(3).matched(network)
        let text = sample(network, weights).json
        let place = try #require(text.firstRange(of: old))
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "calibration.json")
            try Data(text.replacingCharacters(in: place, with: new).utf8).write(to: file)
            let error = #expect(throws: CalibrationError.self) {
                try Calibration(contentsOf: file.path, for: network, weights, as: .int8)
            }
            let message = error.map { "\($0)" } ?? ""
            #expect(message.hasPrefix(file.path))
            for word in words { #expect(message.contains(word), "\(message)") }
        }
    }

    /// Numbers that JSON can hold and no tensor can have.
    @Test func impossibleNumbersAreRefused() throws {
        for (least, mean, greatest, square) in [
            (0, 2, 1, 1), (0, -1, 1, 1), (0, 0.5, 1, -1), (0, 0, 0, Float.infinity),
            (-Float.infinity, 0, 0, 0), (0, .nan, 1, 1),
        ] as [(Float, Float, Float, Float)] {
            let tensor = Calibration.Channels(
                name: "fc1", least: [least], greatest: [greatest], mean: [mean],
                meanSquare: [square])
            let error = #expect(throws: CalibrationError.self) { try tensor.check() }
            #expect(error?.description.hasPrefix("fc1, channel 0: expected ") == true)
        }
        // All values may be the same.
        try Calibration.Channels(
            name: "fc1", least: [0], greatest: [0], mean: [0], meanSquare: [0]
        ).check()
    }

    @Test func calibrationsOfOtherNetworksAndCheckpointsAreRefused() async throws {
        let network = try smallNetwork()
        let weights = try WeightSource.seed(3).matched(network)
        let layer = Network(try MSA(dim: 24, heads: 4))
        let ofLayer = try WeightSource.seed(3).matched(layer)
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "calibration.json").path
            try sample(network, weights).write(to: path)
            let other = try WeightSource.seed(4).matched(network)
            for (network, weights, words) in [
                (network, other, "of other weights"), (layer, ofLayer, "of another network"),
            ] {
                let error = #expect(throws: CalibrationError.self) {
                    try Calibration(contentsOf: path, for: network, weights, as: .int8)
                }
                let message = error.map { "\($0)" } ?? ""
                #expect(message.hasPrefix(path) && message.contains(words), "\(message)")
            }
        }
    }
}
