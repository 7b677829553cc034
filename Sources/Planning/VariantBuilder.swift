import Graphs
import Kernels
import Machines

/// Collects the kernels of one instruction set, pass by pass.
struct VariantBuilder {
    private let setting: Setting
    private let decisions: Decisions
    private(set) var weights: WeightTable
    private(set) var kernels: [Kernel] = []
    private var indices: [Kernel: Int] = [:]

    init(setting: Setting, decisions: Decisions, weights: WeightTable) {
        self.setting = setting
        self.decisions = decisions
        self.weights = weights
    }

    private var isa: ISA { setting.isa }

    /// - Throws: `PlanError` when an operation has no kernel, or a decision does not fit.
    mutating func pass(of graph: Graph, at resolution: Resolution) throws -> Pass {
        let matches = try cover(graph)
        let storage = try Storage(graph, matches)
        let steps = try matches.map { try step($0, storage) }
        let arena = Arena.layout(requests(steps, storage))
        let scratch = steps.map { kernels[$0.kernel].scratch(on: isa) }.max() ?? 0
        return Pass(
            resolution: resolution, steps: steps.map { $0.placed(arena.offsets) },
            arenaBytes: arena.size, scratchBytes: scratch.rounded(upTo: 64),
            imagesPerThread: Self.imagesPerThread(
                arenaBytes: arena.size, maxBatch: setting.maxBatch))
    }

    // MARK: Kernels

    /// Kernels for all nodes, in the order of the graph. A concatenation needs none: its inputs are
    /// written side by side.
    private func cover(_ graph: Graph) throws -> [AnyMatch] {
        var taken: Set<Int> = []
        var cover: [AnyMatch] = []
        for node in graph.nodes.indices where !taken.contains(node) {
            if graph.nodes[node].operation == .concatenate { continue }
            let matches = KernelRegistry.matches(graph, at: node)
            guard let match = decisions.choice(of: matches, setting) else {
                throw PlanError(
                    "\(graph.nodes[node].label): no kernel computes this operator on its own")
            }
            taken.formUnion(match.nodes)
            cover.append(match)
        }
        return cover
    }

    private mutating func step(_ match: AnyMatch, _ storage: Storage) throws -> DraftStep {
        let inputs = match.inputs.map { storage.place(of: $0) }
        let outputs = match.outputs.map { storage.place(of: $0) }
        let computation = match.computation.placed(
            Placement(inputStrides: inputs.map(\.stride), outputStrides: outputs.map(\.stride)))
        return DraftStep(
            kernel: index(of: try kernel(for: computation)), label: match.label, inputs: inputs,
            outputs: outputs, weights: try match.weights.map { try place($0) })
    }

    private func kernel(for computation: Computation) throws -> Kernel {
        guard let kernel = decisions[computation, isa] ?? computation.best(setting) else {
            throw PlanError("\(computation.family): no schedule is known for it")
        }
        do {
            try kernel.check(on: isa)
        } catch let error as ScheduleError {
            throw PlanError("\(error)")
        }
        return kernel
    }

    private mutating func index(of kernel: Kernel) -> Int {
        if let index = indices[kernel] { return index }
        kernels.append(kernel)
        indices[kernel] = kernels.count - 1
        return kernels.count - 1
    }

    private mutating func place(_ use: WeightUse) throws -> WeightPlace {
        switch use {
        case .block(let block): return WeightPlace(block: try weights.index(of: block), offset: 0)
        case .bias(let linear):
            guard let place = weights.bias(of: linear) else {
                throw PlanError(
                    "\(linear.parameter): its bias is read, but no step computes it")
            }
            return place
        }
    }

    // MARK: Memory

    private func requests(_ steps: [DraftStep], _ storage: Storage) -> [Arena.Request] {
        storage.sizes.indices.map { index in
            let uses = steps.indices.filter { steps[$0].uses(.arena(index)) }
            return Arena.Request(
                size: storage.sizes[index], lifetime: (uses.first ?? 0)...(uses.last ?? 0))
        }
    }

    /// Bytes of maps that a thread may work on before it goes on to other images: half of an L2.
    private static let groupBytes = 1024 * 1024

    /// As many images as stay in L2 from step to step, at least one.
    static func imagesPerThread(arenaBytes: Int, maxBatch: Int) -> Int {
        min(maxBatch, max(1, groupBytes / max(1, arenaBytes)))
    }
}

/// A step whose maps have no offsets yet.
private struct DraftStep {
    let kernel: Int
    let label: String
    let inputs, outputs: [Storage.Place]
    let weights: [WeightPlace]

    func uses(_ buffer: Storage.Buffer) -> Bool {
        (inputs + outputs).contains { $0.buffer == buffer }
    }

    func placed(_ offsets: [Int]) -> Step {
        Step(
            kernel: kernel, label: label, inputs: inputs.map { $0.located(offsets) },
            outputs: outputs.map { $0.located(offsets) }, weights: weights)
    }
}

extension Storage.Place {
    fileprivate func located(_ offsets: [Int]) -> Place {
        let base: Place.Base =
            switch buffer {
            case .input: .input
            case .output(let index): .output(index)
            case .arena(let index): .arena(offsets[index])
            }
        return Place(base: base, column: column * type.bytes)
    }
}
