import Foundation
import TestFixtures
import Testing

@testable import HiLoKit

/// Libraries on integers of 8 bits against PyTorch's fake-quantised network with the same scales, integer by
/// integer.
@Suite(.serialized, .enabled("no C compiler with OpenMP") { await Compiler.isThere })
struct QuantisedTests {
    private let fixture: Fixture<QuantisedCase>

    init() throws { fixture = try QuantisedCase.load() }

    /// Integers are made alike on all of them; `make test` has the CPU's own, and one without any
    /// instruction for them.
    private static var isas: [ISA] {
        let sets = ISA.sets(for: .int8).filter { $0.isAvailable(emulatingTiles: true) }
        return TestScope.isLong
            ? sets : sets.filter { [.generic, .native(for: .int8)].contains($0) }
    }

    private func plan(_ item: QuantisedCase, _ isa: ISA) throws -> Plan {
        try Planner(item.network(), Target(isa: isa, precision: .int8)).plan()
    }

    private func calibration(_ item: QuantisedCase) throws -> Calibration {
        let network = try item.network()
        return try Calibration(
            contentsOf: item.calibrationFile.path, for: network,
            WeightSource.seed(item.seed).matched(network), as: .int8)
    }

    private func tensor(_ item: QuantisedCase) -> (String) throws -> [Double] {
        { try fixture.required("\(item.id).\($0)").values }
    }

    private func image(_ item: QuantisedCase) -> [Float] {
        seededInputs(batch: 1, count: 3 * item.height * item.width, seed: item.seed)[0]
    }

    /// The same with each ConvFFN as one kernel.
    private func fusedPlan(_ item: QuantisedCase, _ isa: ISA) throws -> Plan {
        let network = try item.network()
        let kernels = network.wholeConvFFNs(on: isa, isOfIntegers: true)
        var decisions = Decisions()
        for kernel in kernels { decisions.adopt(kernel, on: isa) }
        let plan = try Planner(
            network, Target(isa: isa, precision: .int8), decisions: decisions
        ).plan()
        let whole = plan.variants[0].kernels.filter { $0.family == FusedConvFFN.id }
        #expect(whole.count == 2, "\(item), \(isa)")
        return plan
    }

    @Test func integersAndSumsAreThoseOfPyTorch() async throws {
        #expect(fixture.cases.count == 2)
        for isa in Self.isas {
            let plans = try fixture.cases.flatMap { item in
                [
                    (id: item.id, item: item, plan: try plan(item, isa)),
                    (id: "\(item.id)_fused", item: item, plan: try fusedPlan(item, isa)),
                ]
            }
            let farm = try await LibraryFarm.grow(
                plans.map { ($0.id, $0.plan) }, isa: isa,
                with: LoadedLibrary.observer)
            defer { farm.remove() }
            var errors = ErrorTally()
            for (id, item, plan) in plans {
                try farm.with(id, plan, .seed(item.seed), calibration: calibration(item)) {
                    try compare(item, plan, $0, "\(id), \(isa)", &errors)
                    if id == "backbone" { try expectDifferencesAreFound(item, plan, $0) }
                }
            }
            errors.check("\(isa)", on: isa)
        }
    }

    private func compare(
        _ item: QuantisedCase, _ plan: Plan, _ library: LoadedLibrary, _ name: String,
        _ errors: inout ErrorTally
    ) throws {
        let comparison = try StepComparison(item, plan, tensor(item))
        let outputs = try library.observe(image(item)) { comparison.visit($0) }
        comparison.finish()
        print(
            "\(name): \(comparison.integers) integers, \(comparison.moved) of them near the middle "
                + "and rounded to the other side; \(comparison.sums) sums")
        #expect(comparison.problems.isEmpty, "\(name): \(comparison.problems)")
        #expect(comparison.moved <= item.rounded.reduce(0) { $0 + $1.near.count }, "\(name)")
        for (index, output) in outputs.enumerated() {
            try errors.compare(
                "\(name), output \(index)", output,
                single: tensor(item)("output\(index).32"),
                double: tensor(item)("output\(index).64"))
        }
        // Nobody looks at a run of its own.
        if comparison.moved == 0 {
            #expect(try library.outputs([image(item)], threads: 2) == outputs, "\(name)")
        }
    }

    /// One wrong integer, one wrong sum and a step that is not there are noticed.
    private func expectDifferencesAreFound(
        _ item: QuantisedCase, _ plan: Plan, _ library: LoadedLibrary
    ) throws {
        let integers = "layers.0.blocks.0.norm1", product = "layers.1.blocks.0.mlp.fc2"
        let comparison = try StepComparison(item, plan) { name in
            var values = try tensor(item)(name)
            if name == integers || name == "\(product).sums" {
                values[7] += values[7] > 0 ? -1 : 1
            }
            return values
        }
        _ = try library.observe(image(item)) { step in
            if step.index > 0 { comparison.visit(step) }
        }
        comparison.finish()
        let found = Set(comparison.problems.map { String($0.prefix { $0 != ":" }) })
        #expect(found.isSuperset(of: [integers, product, "patches"]), "\(found)")
    }

    /// Or the fixture is of an earlier packing; 'make fixtures' makes it again.
    @Test func weightsAreThoseOfTheFixture() throws {
        for item in fixture.cases {
            let plan = try plan(item, .generic)
            let file = FileManager.default.temporaryDirectory
                .appending(path: "hilo-quantised-\(UUID().uuidString).safetensors")
            defer { try? FileManager.default.removeItem(at: file) }
            try LibraryGenerator(plan, .seed(item.seed), calibration: calibration(item))
                .writeWeights(to: file)
            let packed = try Checkpoint.read(path: file.path)
            var makers = 0
            for name in item.scales {
                let scales = try tensor(item)("\(name).scales").map { Float($0) }
                let offsets = try tensor(item)("\(name).offsets").map { Float($0) }
                guard plan.weights.contains(where: { $0.name == "scales of \(name)" }) else {
                    makers += 1
                    continue
                }
                let block = try packed.floats("scales of \(name)")
                #expect(Array(block.prefix(scales.count)) == scales, "\(item), \(name)")
                let second = block.dropFirst(block.count / 2).prefix(offsets.count)
                #expect(Array(second) == offsets, "\(item), \(name)")
            }
            // Those of two ConvFFNs and what merges tokens are in the rows that make the integers.
            #expect(makers == 3, "\(item)")
            #expect(packed.metadata["values"] == item.packed, "\(item): another packed file")
        }
    }
}
