import Foundation
import Graphs
import Kernels
import Machines
import Networks
import Planning

extension Network {
    func plan(_ isa: ISA = .avx512, maxBatch: Int = 8) throws -> Plan {
        try Planner(self, Target(isa: isa, maxBatch: maxBatch)).plan()
    }
}

extension Plan {
    /// Of a plan for one instruction set and one resolution.
    var variant: Variant { variants[0] }
    var pass: Pass { variants[0].passes[0] }

    func predictions(on machine: MachineModel) -> [Prediction] {
        variant.predictions(on: machine, weightBytes: 4 * weightFloats)
    }

    func predictedSeconds(on machine: MachineModel, batch: Int = 1) -> Double {
        predictedSeconds(variant, pass, on: machine, batch: batch)
    }

    /// What its text says.
    func reread() throws -> Plan { try Plan(json: Data(json.utf8)) }
}

extension Network {
    /// What the planner puts into the arena: sizes in bytes, and the steps that use each of them.
    func requests(in plan: Plan) throws -> [Arena.Request] {
        let matches = plan.variant.matches(graph.folded, of: plan.pass)
        let storage = try Storage(graph.folded, matches)
        var uses = [[Int]](repeating: [], count: storage.sizes.count)
        for (step, match) in matches.enumerated() {
            let places = plan.pass.steps[step].inputs + plan.pass.steps[step].outputs
            for (slot, place) in zip(match.inputs + match.outputs, places) {
                guard case .arena(let buffer) = storage.place(of: slot).buffer,
                    case .arena = place.base
                else { continue }
                uses[buffer].append(step)
            }
        }
        return zip(storage.sizes, uses).compactMap { size, steps in
            guard let first = steps.first, let last = steps.last else { return nil }
            return Arena.Request(size: size, lifetime: first...last)
        }
    }
}

extension Variant {
    /// The nodes of `graph` that each step of a pass stands for.
    ///
    /// - Precondition: the pass is of that graph.
    func matches(_ graph: Graph, of pass: Pass) -> [AnyMatch] {
        var taken: Set<Int> = []
        var steps = pass.steps[...]
        var matches: [AnyMatch] = []
        for node in graph.nodes.indices where !taken.contains(node) {
            if graph.nodes[node].operation.joins { continue }
            guard let step = steps.popFirst(),
                let match = KernelRegistry.matches(graph, at: node).first(where: {
                    $0.computation.family == kernels[step.kernel].family
                })
            else { return matches }
            taken.formUnion(match.nodes)
            matches.append(match)
        }
        return matches
    }
}

extension Graphs.Operation {
    var isLinear: Bool { if case .linear = self { true } else { false } }
}
