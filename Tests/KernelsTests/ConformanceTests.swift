import Foundation
import HiLoKit
import Kernels
import TestFixtures
import Testing

/// What the registry promises of every family.
@Suite struct FamilyTests {
    @Test func everyFamilyHasCases() {
        let registered = KernelRegistry.families.map { $0.id }
        #expect(ConformanceCases.all.map { $0.id } == registered)
        #expect(Set(registered).count == registered.count)
        for cases in ConformanceCases.all { #expect(cases.count > 3, "\(cases.id)") }
    }

    private static let settings = ISA.all.flatMap { isa in
        [(1, 1, 1), (1, 8, 2), (4, 4, 3)].map { batch, maxBatch, cores in
            Setting(
                machine: MachineModel(isa: isa, cores: cores), batch: batch, maxBatch: maxBatch)
        }
    }

    @Test func schedulesAreLegalAndDifferent() throws {
        for cases in ConformanceCases.all { try expectLegalSchedules(cases) }
    }

    private func expectLegalSchedules<Cases: FamilyCases>(_ cases: Cases.Type) throws {
        for spec in cases.specs {
            for setting in Self.settings {
                let schedules = Cases.Family.schedules(spec, setting)
                let all = schedules.all()
                #expect(!all.isEmpty && Set(all).count == all.count, "\(spec)")
                if let best = schedules.best { #expect(all.contains(best), "\(best), \(spec)") }
                for schedule in all {
                    try Cases.Family.check(spec, schedule, setting.isa)
                    #expect(Cases.Family.scratch(spec, schedule, setting.isa) >= 0)
                }
            }
        }
    }

    /// A computation offers what its family does, and is what a plan's text says of it.
    @Test func kernelsAreTheirFamilys() throws {
        for cases in ConformanceCases.all { try expectFamilysKernels(cases) }
    }

    private func expectFamilysKernels<Cases: FamilyCases>(_ cases: Cases.Type) throws {
        let setting = Self.settings[1]
        for spec in cases.specs {
            let computation = Computation(Cases.Family.self, spec)
            let schedules = Cases.Family.schedules(spec, setting)
            let kernels = computation.kernels(setting)
            #expect(kernels.map { $0.schedule(of: Cases.Family.self) } == schedules.all())
            #expect(
                computation.best(setting)?.schedule(of: Cases.Family.self) == schedules.best)
            for kernel in kernels.prefix(3) {
                #expect(kernel.computation == computation)
                #expect(kernel.computation.spec(as: Cases.Family.self) == spec)
                let text = try JSONEncoder().encode(kernel)
                #expect(try JSONDecoder().decode(Kernel.self, from: text) == kernel)
            }
        }
    }

    /// Kernels that differ have names that differ, since a name is a file.
    @Test(arguments: ISA.all) func namesTellKernelsApart(isa: ISA) {
        let setting = Setting(machine: MachineModel(isa: isa), batch: 1, maxBatch: 8)
        for cases in ConformanceCases.all {
            let kernels = Set(cases.computations.flatMap { $0.kernels(setting) })
            let names = Set(kernels.map { $0.functionName(model: "net", isa: isa) })
            #expect(names.count == kernels.count, "\(cases.id)")
        }
    }

    /// More images are more work, in every respect.
    @Test(arguments: ISA.all) func workGrowsWithTheBatch(isa: ISA) {
        let setting = Setting(machine: MachineModel(isa: isa), batch: 1, maxBatch: 8)
        for kernel in ConformanceCases.all.flatMap({ $0.computations })
            .compactMap({ $0.kernels(setting).first })
        {
            let (one, three) = (kernel.work(on: isa, batch: 1), kernel.work(on: isa, batch: 3))
            for part in [\Work.fmas, \.operations, \.accesses, \.l2Bytes] {
                #expect(one[keyPath: part] >= 0, "\(kernel.computation)")
                #expect(three[keyPath: part] >= one[keyPath: part], "\(kernel.computation)")
            }
            #expect(one.units >= 1 && three.units >= one.units, "\(kernel.computation)")
        }
    }
}

/// Kernels of every family, at sizes that no network has, against the harness: guard zones, double
/// precision, several numbers of threads, shared and stolen work.
@Suite(.serialized, .enabled("no C compiler with OpenMP") { await Compiler.isThere })
struct ConformanceTests {
    private struct Report: Decodable {
        struct Entry: Decodable {
            let kernel: String
            let ok: Bool
            let values: Int
            let problem: String?
        }

        let kernels: [Entry]
    }

    @Test(arguments: ISA.known) func kernelsAreRight(isa: ISA) async throws {
        guard isa.isAvailable(emulatingTiles: true) else {
            return print("SKIPPED: this CPU lacks \(isa.title)")
        }
        if !isa.isAvailable() { print("SKIPPED: the tile unit, which this CPU lacks, is emulated") }
        let layer = try HiLo(dim: 4, heads: 2, window: 2, alpha: 0.5, height: 2, width: 2)
        var plan = try Planner(Network(layer), Target(isa: isa, maxBatch: 2)).plan()
        let drawn = Self.drawnKernels(isa)
        plan.variants[0].kernels += drawn.filter { !plan.variants[0].kernels.contains($0) }
        let kernels = plan.variants[0].kernels
        let library = plan
        try await withTemporaryFolder { folder in
            let written = try LibraryGenerator(library, .seed(6))
                .write(to: folder.appending(path: "lib"))
            let library = isa.isAvailable() ? written : written.emulatingTiles()
            // Of other CPUs' vectors the text alone is looked at.
            try await library.build(
                with: isa == .native() ? .shared() : .hasty(), extraFlags: ["-Werror"])
            let output = try await Program.run(
                library.harness.path,
                arguments: ["verify", "--seed", "6", "--threads", "3", "--json"],
                timeout: TestScope.patience)
            let report = try JSONDecoder().decode(Report.self, from: Data(output.stdout.utf8))
            #expect(
                Set(report.kernels.map(\.kernel))
                    == Set(kernels.map { $0.functionName(model: layer.name, isa: isa) }))
            for entry in report.kernels {
                #expect(entry.ok && entry.values > 0, "\(entry.kernel): \(entry.problem ?? "")")
            }
            #expect(output.status == .exited(0))
        }
    }

    /// Of every spec the best kernel or one of all that are legal. `make test` has two of five specs
    /// of a family; the text of a kernel is the same for all instruction sets, so that those which are
    /// not this CPU's own get every eighth.
    private static func drawnKernels(_ isa: ISA) -> [Kernel] {
        var random = SeededGenerator(seed: isa.lanes)
        let setting = Setting(machine: MachineModel(isa: isa, cores: 3), batch: 1, maxBatch: 2)
        let all = ConformanceCases.all.flatMap { Array($0.computations.enumerated()) }
            .filter { !ISA.narrow.contains(isa) || $0.element.hasNarrowElements }
        let chosen = TestScope.chosen(all) {
            isa == .native() ? $0.offset % 5 % 3 != 0 : $0.offset % 8 != 0
        }
        var drawn = chosen.map(\.element).compactMap { computation in
            let best = Bool.random(using: &random) ? computation.best(setting) : nil
            return best ?? computation.kernels(setting).randomElement(using: &random)
        }
        if !isa.multipliesTiles {
            let others = Array((TileCases.kernels(isa) + DepthCases.kernels(isa)).enumerated())
            drawn += TestScope.chosen(others) { isa != .native() && $0.offset % 3 != 0 }
                .map(\.element)
        }
        return Array(Set(drawn)).sorted {
            $0.functionName(model: "", isa: isa) < $1.functionName(model: "", isa: isa)
        }
    }
}

extension Computation {
    fileprivate var hasNarrowElements: Bool {
        (operands.inputs + operands.outputs).contains { $0.type != .f32 }
            || spec(as: GEMM.self)?.matrix != nil
    }
}

extension FamilyCases {
    static var id: String { Family.id }
    static var count: Int { specs.count }
    static var computations: [Computation] { specs.map { Computation(Family.self, $0) } }
}
