import Graphs
import Kernels
import Machines
import Networks
import Planning
import TestFixtures
import Testing

/// Schedules that were settled otherwise than by the planner.
@Suite struct DecisionTests {
    @Test func decisionsReproduceAPlan() throws {
        let network = try Sample.tiny()
        let plan = try network.plan(.avx2, maxBatch: 1)
        let planner = Planner(
            network, try Target(isa: .avx2, maxBatch: 1), decisions: Decisions(of: plan))
        #expect(try planner.plan() == plan)
    }

    /// Wide tokens lie further apart than they are wide. A node's kernel is chosen before that is known.
    @Test(arguments: [96, 1024]) func decisionsReproduceAPlanOfAnyStride(dim: Int) throws {
        let network = Network(try WindowMSA(dim: dim, heads: dim / 32))
        for isa in ISA.all {
            let plan = try network.plan(isa, maxBatch: 1)
            #expect(try plan.reread() == plan)
        }
    }

    @Test func decisionsReplaceTheBestGuess() throws {
        let network = try Sample.tiny()
        let first = try network.plan()
        var decisions = Decisions(of: first)
        let other = GEMM.Schedule(rows: 3, vectors: 1, slab: 5, split: .columns)
        let keys = LoFiAttention.Schedule(rows: 2, keyVectors: 1, block: 1)
        for kernel in first.variant.kernels {
            if let spec = kernel.computation.spec(as: GEMM.self) {
                decisions.adopt(Kernel(GEMM.self, spec, other), on: .avx512)
            }
            if let spec = kernel.computation.spec(as: LoFiAttention.self) {
                decisions.adopt(Kernel(LoFiAttention.self, spec, keys), on: .avx512)
            }
        }
        let plan = try Planner(network, Target(isa: .avx512), decisions: decisions).plan()
        #expect(Decisions(of: plan) == decisions)
        let kernels = plan.variant.kernels
        let products = kernels.compactMap { $0.schedule(of: GEMM.self) }
        let attentions = kernels.compactMap { $0.schedule(of: LoFiAttention.self) }
        #expect(!products.isEmpty && products.allSatisfy { $0 == other })
        #expect(!attentions.isEmpty && attentions.allSatisfy { $0 == keys })
        #expect(try plan.reread() == plan)
        try plan.checkSymbolically()
    }

    @Test func decisionsMustFitTheTarget() throws {
        let network = try Sample.tiny()
        var decisions = Decisions()
        for kernel in try network.plan(.avx512).variant.kernels {
            decisions.adopt(kernel, on: .avx2)
        }
        let planner = Planner(network, try Target(isa: .avx2), decisions: decisions)
        let error = #expect(throws: PlanError.self) { try planner.plan() }
        #expect(error?.description.contains("16 registers of avx2") == true)
    }

    /// What was decided for one instruction set says nothing of another.
    @Test func decisionsAreOfAnInstructionSet() throws {
        let network = try Sample.tiny()
        let plan = try network.plan(.avx2)
        var decisions = Decisions()
        for kernel in try network.plan(.avx512).variant.kernels {
            decisions.adopt(kernel, on: .avx512)
        }
        #expect(try plan.replanned(with: decisions) == plan)
    }

    /// A plan for a part of a computation's operands is no decision about others.
    @Test func otherComputationsKeepTheBestGuess() throws {
        let network = try Sample.tiny()
        let plan = try network.plan()
        let spec = GEMM.Spec(rows: 1, k: 2, n: 3)
        let schedule = GEMM.Schedule(rows: 1, vectors: 1, slab: 1, split: .rows)
        var decisions = Decisions()
        decisions.adopt(Kernel(GEMM.self, spec, schedule), on: .avx512)
        #expect(try plan.replanned(with: decisions) == plan)
    }
}
