import Foundation
import HiLoKit
import TestFixtures
import Testing
import Toolchain

/// Libraries in bf16 against PyTorch in double precision, beside what its autocast to bf16 is off by.
@Suite(.serialized) struct NarrowTests {
    /// What `make test` runs.
    private static let short = ["litv2_s_96", "tiny_64x96"]
    /// Of instruction sets that are not this CPU's own: one without any for bf16, the one with it, and the unit of
    /// tiles.
    private static let others = [ISA.generic, .avx512bf16, .avx512amx]

    /// HiLo may be off by as much as PyTorch, taken over all networks; one by a half more.
    @Test func networksAreAsNearAsPyTorchsAutocast() async throws {
        let theirs = try AutocastCase.load()
        let fixture = try NetworkCase.load()
        let cases = fixture.cases.filter { item in
            theirs.contains { $0.id == item.id }
                && (TestScope.isLong || Self.short.contains(item.id))
        }
        #expect(cases.count >= 2)
        let farms = try await LibraryFarms.grow(
            cases.map { item in
                let network = try item.model.network(
                    name: "net", height: item.height, width: item.width)
                return (item.id, Network(network))
            }, precision: .bf16,
            where: { id, isa in
                isa == .native(for: .bf16)
                    || id == "tiny_64x96" && (TestScope.isLong || Self.others.contains(isa))
            })
        defer { farms.remove() }
        var ratios: [ISA: [Double]] = [:]
        try farms.visit(seeds: cases.map(\.seed)) { index, isa, plan, library in
            let item = cases[index]
            let images = seededInputs(
                batch: item.batch, count: plan.network.inputShape.reduce(1, *), seed: item.seed)
            let output = try library.run(images, threads: 2).flatMap { $0 }
            let double = try fixture.required("\(item.id).logits64").values
            let squares = zip(output, double).map { (Double($0) - $1) * (Double($0) - $1) }
            let error = (squares.reduce(0, +) / Double(squares.count)).squareRoot()
            let their = try #require(theirs.first { $0.id == item.id }).rmsError
            ratios[isa, default: []].append(error / their)
            print("\(item.id), \(isa): \(error / their) times the error of PyTorch's autocast")
            #expect(error <= 1.5 * their, "\(item.id), \(isa): \(error), PyTorch \(their)")
            if item.id == "tiny_64x96" { try library.expectSameBits(item.id, plan) }
        }
        let own = try #require(ratios[.native(for: .bf16)])
        let mean = (own.reduce(0) { $0 + $1 * $1 } / Double(own.count)).squareRoot()
        #expect(mean <= 1, "\(mean) times the error of PyTorch's autocast")
    }

    /// Also those that this CPU lacks, with the system's compiler, which users have.
    @Test func everyInstructionSetCompiles() async throws {
        let layer = try HiLo(dim: 8, heads: 2, window: 2, alpha: 0.5, height: 3, width: 5)
        let isas = ISA.sets(for: .bf16).filter {
            $0.architecture == nil || $0.architecture == .host
        }
        let plan = try Planner(Network(layer), Target(isas: isas, precision: .bf16)).plan()
        let level = TestScope.isLong ? [] : ["-O0"]
        try await withTemporaryFolder { folder in
            let library = try LibraryGenerator(plan, .seed(6))
                .write(to: folder.appending(path: "lib"))
            try await library.build(with: .shared(), extraFlags: ["-Werror"] + level)
            let names = try await Program.run(library.harness.path, arguments: ["kernels"]).stdout
            for isa in isas { #expect(names.contains("__\(isa.name)"), "\(isa)") }
        }
    }

    /// Kernels that widen what they multiply do so with more instructions too: whoever builds the library may have
    /// flags of their own.
    @Test func moreInstructionsChangeNothing() async throws {
        guard Architecture.host == .x86_64 else { return print("SKIPPED: these are x86's") }
        let isas = [ISA.generic, .avx2, .avx512].filter { $0.isAvailable() }
        let network = try Sample.tiny()
        let plan = try Planner(network, Target(isas: isas, precision: .bf16)).plan()
        try await withTemporaryFolder { folder in
            let library = try LibraryGenerator(plan, .seed(6))
                .write(to: folder.appending(path: "lib"))
            var outputs: [[Data]] = []
            for (compiler, flags) in try await [
                (Compiler.hasty(), []), (Compiler.shared(), ["-march=native"]),
            ] {
                try await library.build(with: compiler, extraFlags: ["-Werror"] + flags)
                var bits: [Data] = []
                for isa in isas { bits.append(try await output(of: library, on: isa, in: folder)) }
                outputs.append(bits)
            }
            #expect(outputs[0] == outputs[1] && outputs[0].count == isas.count)
            let found = try await Program.run(library.harness.path, arguments: ["verify"])
            #expect(found.succeeded, "\(found.stdout)")
        }
    }

    /// For a seeded image.
    private func output(
        of library: GeneratedLibrary, on isa: ISA, in folder: URL
    ) async throws -> Data {
        let file = folder.appending(path: "\(isa.name).npy")
        let ran = try await Program.run(
            library.harness.path,
            arguments: [
                "run", "--weights", library.weightsFile.path, "--random", "5", "--isa", isa.name,
                "--output", file.path,
            ])
        try #require(ran.succeeded, "\(ran.stderr)")
        return try Data(contentsOf: file)
    }

    /// A library runs either, by the CPU, and promises that nobody sees which.
    @Test func instructionsHaveTheBitsOfTheirEmulation() async throws {
        guard ISA.avx512bf16.isAvailable() else {
            return print("SKIPPED: this CPU lacks \(ISA.avx512bf16.title)")
        }
        let network = try Sample.tiny()
        let inputs = seededInputs(
            batch: 2, count: network.inputShape.reduce(1, *), seed: 5)
        var outputs: [[Float]] = []
        for isa in [ISA.avx512, .avx512bf16] {
            let plan = try Planner(network, Target(isa: isa, precision: .bf16)).plan()
            let farm = try await LibraryFarm.grow([("tiny", plan)], isa: isa)
            defer { farm.remove() }
            let found = try farm.with("tiny", plan, .seed(5)) { try $0.run(inputs, threads: 2) }
            outputs.append(found.flatMap { $0 })
        }
        #expect(outputs[0] == outputs[1])
    }

    /// The trained example keeps its answers.
    @Test(.enabled("'make test' has Fashion-MNIST's pictures") { TestScope.isLong })
    func digitsAreClassifiedAsInSinglePrecision() async throws {
        let network = try #require(
            try LITv2(configurationOf: DigitsTests.checkpoint(), overrides: .init(name: "digits")))
        let isa = ISA.native(for: .bf16)
        let plan = try Planner(Network(network), Target(isa: isa, precision: .bf16)).plan()
        let farm = try await LibraryFarm.grow([("digits", plan)], isa: isa)
        defer { farm.remove() }
        let heldOut = try HeldOut()
        let predictions = try farm.with("digits", plan, .checkpoint(DigitsTests.checkpoint())) {
            library in
            try (0..<heldOut.count).map { index in
                let input = try library.preprocess(heldOut.image(index), width: 32, height: 32)
                let logits = try library.run([input], threads: 2)[0]
                return logits.indices.max { logits[$0] < logits[$1] } ?? -1
            }
        }
        let same = zip(predictions, heldOut.predictions).count { $0 == $1 }
        #expect(same >= 358, "\(same) of 360 as in single precision")
    }
}
