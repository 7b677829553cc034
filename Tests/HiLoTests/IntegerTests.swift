import Foundation
import TestFixtures
import Testing
import Toolchain

@testable import HiLoKit

/// Libraries on integers of 8 bits.
@Suite(.serialized, .enabled("no C compiler with OpenMP") { await Compiler.isThere })
struct IntegerTests {
    /// Windows and pools over the edge of the map among its layers.
    private static func network() throws -> Network { try Sample.tiny() }

    private static func calibration(
        _ network: Network, with images: [[Float]]? = nil
    ) async throws -> Calibration {
        let matched = try WeightSource.seed(5).matched(network)
        return try await withTemporaryFolder { folder in
            let file = folder.appending(path: "images.npy")
            let images =
                images
                ?? seededInputs(batch: 8, count: network.inputShape.reduce(1, *), seed: 31)
            try writeInputs(images.flatMap { $0 }, of: network, to: file)
            return try await Calibrator.record(
                network, matched, images: [.array(file)], with: .hasty())
        }
    }

    /// Near what the network is in double precision, the same bits for all threads and batches, and sums
    /// of integers the same with the instruction for them and without.
    @Test func networksAreNearAndInstructionsAgree() async throws {
        let network = try Self.network()
        let calibration = try await Self.calibration(network)
        let inputs = seededInputs(
            batch: 4, count: network.inputShape.reduce(1, *), seed: 6)
        let weights = try WeightSource.seed(5).matched(network).weights
        let reference = ReferenceNetwork(network) { weights[$0] }
        let expected = try inputs.flatMap { try reference.outputs($0)[0] }
        var found: [ISA: [Float]] = [:]
        // The others are verified below, and compared with PyTorch's integers by QuantisedTests.
        let isas = TestScope.chosen(ISA.sets(for: .int8)) {
            ![.avx512, .avx512vnni, .native(for: .int8)].contains($0)
        }
        for isa in isas {
            guard isa.isAvailable(emulatingTiles: true) else {
                print("SKIPPED: this CPU lacks \(isa.title)")
                continue
            }
            let plan = try Planner(network, Target(isa: isa, precision: .int8)).plan()
            let farm = try await LibraryFarm.grow([("net", plan)], isa: isa)
            defer { farm.remove() }
            try farm.with("net", plan, .seed(5), calibration: calibration) { library in
                try library.expectSameBits("net", plan)
                found[isa] = try library.run(inputs, threads: 2).flatMap { $0 }
            }
        }
        let power = expected.reduce(0) { $0 + $1 * $1 }
        for (isa, output) in found {
            let error = zip(output, expected).reduce(0) {
                $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1)
            }
            print("\(isa): off by \((error / power).squareRoot()) of the output")
            #expect((1e-5...0.1).contains((error / power).squareRoot()), "\(isa)")
        }
        if let emulated = found[.avx512], let instruction = found[.avx512vnni] {
            // Also the products of bf16 are emulated by both.
            #expect(emulated == instruction)
        }
    }

    /// Scales of pictures with one colour each leave noise no room: values are cut off, and the reference that `verify`
    /// compares with cuts off the same, though it knows no integers.
    @Test func whatLiesBeyondTheCalibrationIsCutOff() async throws {
        let network = try Self.network()
        let size = network.inputShape.reduce(1, *)
        let colours = (0..<8).map { [Float](repeating: Float($0) / 4 - 1, count: size) }
        let calibration = try await Self.calibration(network, with: colours)
        let plan = try Planner(
            network, Target(isa: .native(for: .int8), precision: .int8)
        ).plan()
        try await withTemporaryFolder { folder in
            let library = try LibraryGenerator(plan, .seed(5), calibration: calibration)
                .write(to: folder.appending(path: "lib"))
            try await library.build(with: .hasty())
            let result = try await Verifier(library, seed: 3, threads: 2).verify()
            #expect(result.passed, "\(result)")

            let input = SeededValues(seed: 4, name: "input").values(size, scale: 2)
            let file = folder.appending(path: "x.npy")
            try writeInputs(input, of: network, to: file)
            let found = try await library.outputs(of: file, in: folder).arrays[0].values
            let weights = try WeightSource.seed(5).matched(network).weights
            let limits = try PackedWeights(of: library).limits()
            #expect(Set(network.quantisable.map { $0.norm ?? $0.name }) == Set(limits.keys))
            expectRoom(for: calibration, limits, network)
            let (cut, whole) = try (
                error(
                    of: found, beside: ReferenceNetwork(network, limits: limits) { weights[$0] },
                    input),
                error(of: found, beside: ReferenceNetwork(network) { weights[$0] }, input)
            )
            print(
                "off by \(cut) of the largest value, and by \(whole) of a reference that cuts nothing off"
            )
            #expect(cut < Verifier.tolerance(.int8) && whole > Verifier.tolerance(.int8))
        }
    }

    /// Nothing is cut off of what was recorded; samples aside, which a matrix has in another order.
    private func expectRoom(
        for calibration: Calibration, _ limits: [String: [ClosedRange<Double>]], _ network: Network
    ) {
        for (point, recorded) in zip(network.quantisable, calibration.tensors)
        where !point.name.hasSuffix("dconv") {
            let ranges = limits[point.norm ?? point.name] ?? []
            for (channel, range) in ranges.enumerated() {
                let slack = 1e-3 * (range.upperBound - range.lowerBound)
                #expect(
                    range.lowerBound - slack <= Double(recorded.least[channel])
                        && Double(recorded.greatest[channel]) <= range.upperBound + slack,
                    "\(point.name), channel \(channel)")
            }
        }
    }

    /// The largest one, as a share of the largest value.
    private func error(
        of found: [Float], beside reference: ReferenceNetwork, _ input: [Float]
    ) throws -> Double {
        let expected = try reference.outputs(input)[0]
        let largest = expected.reduce(0) { max($0, abs($1)) }
        return zip(found, expected).reduce(0) { max($0, abs(Double($1.0) - $1.1)) } / largest
    }

    /// Also those that this CPU lacks, with the system's compiler, which users have.
    @Test func everyInstructionSetCompiles() async throws {
        let layer = try HiLo(dim: 16, heads: 2, window: 2, alpha: 0.5, height: 3, width: 5)
        let network = try TestScope.isLong ? Self.network() : Network(layer)
        let isas = ISA.sets(for: .int8).filter {
            $0.architecture == nil || $0.architecture == .host
        }
        let plan = try Planner(network, Target(isas: isas, precision: .int8)).plan()
        let calibration = try await Self.calibration(network)
        let level = TestScope.isLong ? [] : ["-O0"]
        try await withTemporaryFolder { folder in
            let library = try LibraryGenerator(plan, .seed(5), calibration: calibration)
                .write(to: folder.appending(path: "lib"))
            try await library.build(with: .shared(), extraFlags: ["-Werror"] + level)
            let names = try await Program.run(library.harness.path, arguments: ["kernels"]).stdout
            for isa in isas { #expect(names.contains("__\(isa.name)"), "\(isa)") }
            let result = try await Verifier(library, seed: 3, threads: 2).verify()
            #expect(result.passed, "\(result)")
        }
    }

    /// Layers that are kept verify as all others do, and bring the whole nearer to double precision.
    @Test func keptLayersAreVerified() async throws {
        let network = try Self.network()
        let kept = [
            KeptLayer("layers.0.blocks.0.attn"), KeptLayer("layers.1.blocks.0.mlp", in: .f32),
            KeptLayer("head", in: .f32),
        ]
        let plan = try Planner(
            network, Target(isa: .native(for: .int8), precision: .int8, kept: kept)
        ).plan()
        let calibration = try await Self.calibration(network).keeping(kept)
        try await withTemporaryFolder { folder in
            let library = try LibraryGenerator(plan, .seed(5), calibration: calibration)
                .write(to: folder.appending(path: "lib"))
            try await library.build(with: .hasty(), extraFlags: ["-Werror"])
            let result = try await Verifier(library, seed: 3, threads: 2).verify()
            #expect(result.passed, "\(result)")
            let report = try String(
                contentsOf: library.folder.appending(path: Calibration.fileName), encoding: .utf8)
            #expect(report.contains("{\"layer\":\"layers.0.blocks.0.attn\"}"))
        }
    }

    @Test func withoutACalibrationNothingIsWritten() throws {
        let plan = try Planner(Self.network(), Target(isa: .avx2, precision: .int8)).plan()
        #expect(throws: CalibrationError.self) { try LibraryGenerator(plan, .seed(5)) }
    }
}
