import Foundation
import Networks
import Planning
import Testing

/// Plans as files: what the planner writes is read back, and nothing else is accepted.
@Suite struct PlanFileTests {
    private func json(_ plan: Plan) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return try encoder.encode(plan)
    }

    @Test func plansOfOneNetworkAreEqual() throws {
        for network in try FusionTests.networks() {
            let (first, second) = (try network.plan(), try network.plan())
            #expect(first == second)
            #expect(try json(first) == json(second))
        }
    }

    @Test(arguments: ISA.allCases) func ownPlansAreReadBack(isa: ISA) throws {
        for network in try FusionTests.networks() {
            let plan = try network.plan(isa, maxBatch: 3)
            let read = try JSONDecoder().decode(Plan.self, from: json(plan))
            #expect(read == plan)
            #expect(try read.validated() == plan)
        }
    }

    /// Every number that is changed makes the plan invalid, or was free: a tiling, the batch, and
    /// shares that are cut to whole heads or channels.
    @Test(arguments: [try Sample.tiny(qkScale: 0.3), try Sample.layer()])
    func changedNumbersAreRejected(network: Network) throws {
        let tree = try JSONValue(try network.plan())
        let paths = tree.numberPaths
        #expect(paths.count > 100)
        for path in paths {
            for number in try #require(tree[path]).changes {
                let changed = tree.replacing(path, with: number)
                guard let plan = try? changed.decoded(Plan.self).validated() else { continue }
                #expect(path.isFree, "\(path.joined(separator: ".")): \(number) is accepted")
                try expectLegal(plan)
            }
        }
    }

    /// A tiling that passes fits the registers.
    private func expectLegal(_ plan: Plan) throws {
        for kernel in plan.kernels {
            switch kernel {
            case .gemm(let gemm): _ = try GEMM(gemm.shape, gemm.tiling, isa: plan.target.isa)
            case .loFiAttention(let attention):
                _ = try LoFiAttention(attention.shape, attention.tiling, isa: plan.target.isa)
            case .convFFN(let whole):
                _ = try Planning.ConvFFN(whole.shape, whole.tiling, isa: plan.target.isa)
            default: break
            }
        }
    }

    @Test func otherVersionsAreRefused() throws {
        let tree = try JSONValue(try Sample.tiny().plan())
        let newer = try tree.replacing(["formatVersion"], with: .integer(99)).decoded(Plan.self)
        let error = #expect(throws: PlanError.self) { try newer.validated() }
        let text = error?.description ?? ""
        #expect(text.contains("format version 99"))
        #expect(text.contains("reads \(Plan.formatVersion)"))
        #expect(text.contains("generate it again"))
    }

    @Test func impossibleNetworksAreRefusedAsSuch() throws {
        let tree = try JSONValue(try Sample.layer().plan())
        let path = ["network", "hilo", "_0", "dim"]
        let broken = try tree.replacing(path, with: .integer(-3)).decoded(Plan.self)
        #expect(throws: NetworkError.self) { try broken.validated() }
    }

    @Test func missingStepsAreRejected() throws {
        let tree = try JSONValue(try Sample.tiny().plan())
        for path in [["passes", "0", "steps"], ["passes"], ["kernels"], ["weights"]] {
            guard case .array(let values)? = tree[path] else {
                Issue.record("\(path) is no array")
                continue
            }
            let shorter = tree.replacing(path, with: .array(values.dropLast()))
            #expect(throws: PlanError.self) { try shorter.decoded(Plan.self).validated() }
        }
    }

    @Test(arguments: [0, -1, 1025]) func impossibleBatchesThrow(maxBatch: Int) {
        let error = #expect(throws: PlanError.self) { try Target(isa: .avx2, maxBatch: maxBatch) }
        #expect(error?.description.contains("batch \(maxBatch)") == true)
    }

    // MARK: Decisions

    @Test func decisionsReproduceAPlan() throws {
        let network = try Sample.tiny()
        let plan = try network.plan(.avx2, maxBatch: 1)
        let planner = Planner(
            network, try Target(isa: .avx2, maxBatch: 1), decisions: Planner.Decisions(of: plan))
        #expect(try planner.plan() == plan)
    }

    @Test func decisionsReplaceTheCostModel() throws {
        let network = try Sample.tiny()
        var decisions = Planner.Decisions(of: try network.plan())
        let other = GEMM.Tiling(rows: 3, vectors: 1, slab: 5, split: .columns)
        let keys = LoFiAttention.Tiling(rows: 2, keyVectors: 1, block: 1)
        for shape in decisions.gemm.keys { decisions.gemm[shape] = other }
        for shape in decisions.attention.keys { decisions.attention[shape] = keys }
        let plan = try Planner(network, Target(isa: .avx512), decisions: decisions).plan()
        #expect(Planner.Decisions(of: plan) == decisions)
        #expect(try plan.validated() == plan)
        var run = SymbolicRun(network, plan)
        try run.check()
    }

    @Test func decisionsMustFitTheTarget() throws {
        let network = try Sample.tiny()
        let decisions = Planner.Decisions(of: try network.plan(.avx512))
        let planner = Planner(network, try Target(isa: .avx2), decisions: decisions)
        #expect(throws: PlanError.self) { try planner.plan() }
    }
}

extension JSONValue {
    /// Other values for a number: near, of the other sign, and so large that sums overflow.
    fileprivate var changes: [JSONValue] {
        switch self {
        case .integer(let value):
            [value + 1, 0, -value - 1, .max]
                .filter { $0 != value }.map { .integer($0) }
        case .number(let value): [.number(value * 1.01), .number(-value), .number(1e300)]
        default: []
        }
    }
}

extension JSONValue.Path {
    /// Whether a plan may hold another number here and still be one.
    fileprivate var isFree: Bool {
        dropLast().last == "tiling" || ["maxBatch", "alpha", "mlpRatio"].contains(last)
    }
}
