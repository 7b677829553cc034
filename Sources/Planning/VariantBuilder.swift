import Graphs
import Kernels
import Machines

/// Collects the kernels of one instruction set, pass by pass.
struct VariantBuilder {
    private let setting: Setting
    private let decisions: Decisions
    private(set) var weights: WeightTable
    private(set) var kernels: [Kernel] = []
    /// A kernel follows from what it computes, so that is planned once however many steps do it.
    private var indices: [Computation: Int] = [:]

    init(setting: Setting, decisions: Decisions, weights: WeightTable) {
        self.setting = setting
        self.decisions = decisions
        self.weights = weights
    }

    private var isa: ISA { setting.isa }

    /// - Parameter others: the same graph at other sizes of the input, of which none is larger than
    ///   the largest of these; empty where its size is fixed.
    /// - Throws: `PlanError` when an operation has no kernel, or a decision does not fit.
    mutating func pass(
        of graph: Graph, at resolution: Resolution, others: [Graph] = []
    ) throws -> Pass {
        let matches = try cover(graph)
        let storage = try Storage(graph, matches)
        var memory = Memory(requests: storage.requests)
        if !others.isEmpty {
            // Kernels are chosen here, and the same at all sizes.
            _ = try matches.map { try step($0, storage, storage.unplaced) }
            for other in others { try memory.take(needs(of: other)) }
        }
        // An output has its full size only where the input's is fixed, and holds maps of one image.
        let lends = others.isEmpty && graph.runsImageByImage
        let arena = Arena.layout(memory.requests, loans: lends ? storage.loans : [])
        let steps = try matches.map { try step($0, storage, arena.spots) }
        let own = steps.map { kernels[$0.kernel].scratch(on: isa) }.max() ?? 0
        let scratch = max(own, memory.scratch)
        return Pass(
            resolution: resolution, steps: steps, arenaBytes: arena.size,
            scratchBytes: scratch.rounded(upTo: 64),
            imagesPerThread: graph.runsImageByImage
                ? 0
                : Self.imagesPerThread(arenaBytes: arena.size, maxBatch: setting.maxBatch))
    }

    // MARK: Kernels

    /// Kernels for all nodes, in the order of the graph. A concatenation or a stack needs none: its
    /// inputs are written side by side, or behind one another.
    private func cover(_ graph: Graph) throws -> [AnyMatch] {
        var taken: Set<Int> = []
        var cover: [AnyMatch] = []
        for node in graph.nodes.indices where !taken.contains(node) {
            if graph.nodes[node].operation.joins { continue }
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

    private mutating func step(
        _ match: AnyMatch, _ storage: Storage, _ spots: [Arena.Spot]
    ) throws -> Step {
        let inputs = match.inputs.map { storage.place(of: $0) }
        let outputs = match.outputs.map { storage.place(of: $0) }
        let computation = match.computation.placed(
            Placement(inputStrides: inputs.map(\.stride), outputStrides: outputs.map(\.stride)))
        return Step(
            kernel: try index(of: computation), label: match.label,
            inputs: inputs.map { $0.located(spots) },
            outputs: outputs.map { $0.located(spots) },
            weights: try match.weights.map { try place($0) })
    }

    private mutating func index(of computation: Computation) throws -> Int {
        if let index = indices[computation] { return index }
        kernels.append(try kernel(for: computation))
        indices[computation] = kernels.count - 1
        return kernels.count - 1
    }

    private func kernel(for computation: Computation) throws -> Kernel {
        let decided = decisions[computation, isa].flatMap { computation.kernel(scheduledAs: $0) }
        guard let kernel = decided ?? computation.best(setting) else {
            throw PlanError("\(computation.family): no schedule is known for it")
        }
        do {
            try kernel.check(on: isa)
        } catch let error as ScheduleError {
            throw PlanError("\(error)")
        }
        return kernel
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

    /// What a graph needs at a size of its input.
    private struct Memory {
        private(set) var requests: [Arena.Request]
        private(set) var scratch = 0

        init(requests: [Arena.Request], scratch: Int = 0) {
            self.requests = requests
            self.scratch = scratch
        }

        /// As much as both need.
        mutating func take(_ other: Memory) throws {
            guard requests.map(\.lifetime) == other.requests.map(\.lifetime) else {
                throw PlanError("steps are not the same at all sizes of the input")
            }
            requests = zip(requests, other.requests).map {
                Arena.Request(size: max($0.size, $1.size), lifetime: $0.lifetime)
            }
            scratch = max(scratch, other.scratch)
        }
    }

    /// Of a graph at another size, with the kernels that were chosen.
    private func needs(of graph: Graph) throws -> Memory {
        var other = VariantBuilder(
            setting: setting, decisions: Decisions([isa: kernels]), weights: weights)
        let matches = try other.cover(graph)
        let storage = try Storage(graph, matches)
        for match in matches { _ = try other.step(match, storage, storage.unplaced) }
        return Memory(
            requests: storage.requests,
            scratch: other.kernels.map { $0.scratch(on: isa) }.max() ?? 0)
    }

    /// Bytes of maps that a thread may work on before it goes on to other images: half of an L2.
    private static let groupBytes = 1024 * 1024

    /// As many images as stay in L2 from step to step, at least one.
    static func imagesPerThread(arenaBytes: Int, maxBatch: Int) -> Int {
        min(maxBatch, max(1, groupBytes / max(1, arenaBytes)))
    }
}

extension Graph {
    /// Whether maps of one image lie behind one another, so that those of several cannot.
    fileprivate var runsImageByImage: Bool { nodes.contains { $0.operation == .stack } }
}

extension Storage.Place {
    fileprivate func located(_ spots: [Arena.Spot]) -> Place {
        let base: Place.Base =
            switch buffer {
            case .input: .input
            case .output(let index): .output(index)
            case .arena(let index):
                switch spots[index] {
                case .arena(let offset): .arena(offset)
                case .lent(let output, let offset): .lent(output: output, offset: offset)
                }
            }
        return Place(
            base: base, column: column * type.bytes, before: before,
            tokenBytes: stride * type.bytes)
    }
}
