import Graphs
import Kernels

/// Where each tensor of a graph lies: which buffer, how far apart its tokens are, which column.
package struct Storage {
    package enum Buffer: Hashable {
        case input
        /// Which of the graph's outputs.
        case output(Int)
        case arena(Int)
    }

    package struct Place: Equatable {
        package let buffer: Buffer
        package let type: ElementType
        /// Elements from token to token, and to the first channel.
        package let stride: Int
        package var column = 0
        /// Of maps before it in a stack, whose number follows from the input's size.
        package var before: [MapRule] = []
    }

    /// Bytes of one image for each arena buffer.
    package private(set) var sizes: [Int] = []
    private var places: [Int: Place] = [:]
    private let graph: Graph
    private let matches: [AnyMatch]
    /// Of each match.
    private let operands: [Operands]

    /// - Throws: `PlanError` when a kernel cannot work on its operands where they are.
    package init(_ graph: Graph, _ matches: [AnyMatch]) throws {
        self.graph = graph
        self.matches = matches
        operands = matches.map(\.computation.operands)
        let input = graph.tensors[Graph.input]
        places[Graph.input] = Place(buffer: .input, type: input.type, stride: input.channels)
        for (index, match) in matches.enumerated() { place(match, at: index) }
        for index in matches.indices { try check(index) }
        for node in graph.nodes where node.operation == .stack { try checkParts(of: node) }
    }

    /// The place of an operand's first channel.
    package func place(of slot: Slot) -> Place {
        guard var place = places[slot.tensors[0]] else {
            preconditionFailure(
                "tensor \(slot.tensors[0]) is inside a fused kernel: it has no place")
        }
        place.column += slot.column
        return place
    }

    /// What the buffers need of the arena: bytes, and the steps from the first use to the last.
    package var requests: [Arena.Request] {
        var lifetimes = [ClosedRange<Int>?](repeating: nil, count: sizes.count)
        for (step, match) in matches.enumerated() {
            for slot in match.inputs + match.outputs {
                guard case .arena(let index) = place(of: slot).buffer else { continue }
                lifetimes[index] = (lifetimes[index]?.lowerBound ?? step)...step
            }
        }
        return zip(sizes, lifetimes).map { Arena.Request(size: $0, lifetime: $1 ?? 0...0) }
    }

    /// Spots that are none, before buffers get theirs.
    package var unplaced: [Arena.Spot] { sizes.map { _ in .arena(0) } }

    /// Outputs until results are written there. Their memory is the caller's: it begins anywhere, so
    /// a cache line of it may be lost, and ends for good, where behind the arena vectors may be read.
    package var loans: [Arena.Loan] {
        graph.outputs.indices.compactMap { output in
            let tensor = graph.tensors[graph.outputs[output]]
            let first = matches.firstIndex { match in
                match.outputs.contains { place(of: $0).buffer == .output(output) }
            }
            return first.map {
                Arena.Loan(
                    output: output,
                    size: tensor.rows * tensor.channels * tensor.type.bytes - Self.lostBytes,
                    until: $0)
            }
        }
    }

    /// A cache line, and as much as `SLACK` in the generated `context.c`.
    private static let lostBytes = 64 + 256

    private mutating func place(_ match: AnyMatch, at index: Int) {
        let replaced = operands[index].replaced
        for (output, slot) in match.outputs.enumerated() where places[slot.tensors[0]] == nil {
            let tensor = slot.tensors[0]
            if slot.tensors.count == 1, let stack = graph.stack(of: tensor) {
                placeInStack(tensor, stack)
            } else if let input = replaced[output], isFree(match.inputs[input], after: index) {
                places[tensor] = places[match.inputs[input].tensors[0]]
            } else if slot.tensors.count == 1, let next = graph.onlyConsumer(of: tensor),
                graph.nodes[next].operation == .concatenate
            {
                placeInConcatenation(tensor, next)
            } else {
                placeSideBySide(slot.tensors)
            }
        }
    }

    /// Whether what lies there may be overwritten by step `index`: nobody reads it later, and it is the
    /// library's own.
    private func isFree(_ slot: Slot, after index: Int) -> Bool {
        let tensor = slot.tensors[0]
        let later = matches[(index + 1)...].contains { match in
            match.inputs.contains {
                $0.tensors.contains(tensor) && !match.sharesSum(matches[index])
            }
        }
        // Who reads a stack reads its parts.
        return tensor != Graph.input && !graph.outputs.contains(tensor)
            && graph.stack(of: tensor) == nil && !later
    }

    private mutating func placeSideBySide(_ tensors: [Int]) {
        let width = tensors.reduce(0) { $0 + graph.tensors[$1].channels }
        var place = newPlace(tensors[0], width: width)
        for tensor in tensors {
            places[tensor] = place
            place.column += graph.tensors[tensor].channels
        }
    }

    private mutating func placeInConcatenation(_ tensor: Int, _ node: Int) {
        let whole = graph.nodes[node].output
        var place = places[whole] ?? newPlace(whole, width: graph.tensors[whole].channels)
        places[whole] = place
        place.column += graph.column(of: tensor, inConcatenation: node)
        places[tensor] = place
    }

    /// Behind the maps before it. The maps of several images would have gaps between them, so such a
    /// network runs image by image.
    private mutating func placeInStack(_ tensor: Int, _ node: Int) {
        let whole = graph.nodes[node].output
        var place = places[whole] ?? newPlace(whole, width: graph.tensors[whole].channels)
        places[whole] = place
        let before = graph.nodes[node].inputs.prefix { $0 != tensor }.map { graph.tensors[$0].map }
        if graph.tensors[tensor].map.isFlexible {
            place.before = before.flatMap(\.rules)
        } else {
            place.column += place.stride * before.reduce(0) { $0 + $1.count }
        }
        places[tensor] = place
    }

    private mutating func newPlace(_ tensor: Int, width: Int) -> Place {
        let type = graph.tensors[tensor].type
        if let index = graph.outputs.firstIndex(of: tensor) {
            return Place(buffer: .output(index), type: type, stride: width)
        }
        let stride = isStrided(tensor) ? Self.spread(width, type) : width
        sizes.append((graph.tensors[tensor].rows * stride * type.bytes).rounded(upTo: 64))
        return Place(buffer: .arena(sizes.count - 1), type: type, stride: stride)
    }

    /// Whether all kernels that touch a tensor take any distance between tokens.
    private func isStrided(_ tensor: Int) -> Bool {
        let isJoined = graph.nodes.contains {
            $0.operation.joins && ($0.output == tensor || $0.inputs.contains(tensor))
        }
        return !isJoined
            && zip(matches, operands).allSatisfy { match, operands in
                zip(match.inputs + match.outputs, operands.inputs + operands.outputs)
                    .allSatisfy { !$0.tensors.contains(tensor) || $1.takesAnyStride }
            }
    }

    /// Tokens a multiple of 4 KiB apart fall into the same sets of the L1 cache; one cache line more
    /// spreads them. Narrow elements are what products read, perhaps 16 rows at once into a tile of a unit: an odd
    /// number of cache lines apart no two of 64 rows share a set.
    static func spread(_ width: Int, _ type: ElementType) -> Int {
        let bytes = width * type.bytes
        let isShared = type == .f32 ? bytes % 4096 == 0 : bytes % 128 == 0
        return isShared ? width + 64 / type.bytes : width
    }

    /// Whether an operand is a whole tensor without gaps, in whatever order its values are.
    private func isDense(_ slot: Slot) -> Bool {
        let width = slot.tensors.reduce(0) { $0 + graph.tensors[$1].channels }
        return slot.column == 0 && place(of: slot).column == 0 && place(of: slot).before.isEmpty
            && place(of: slot).stride == width
    }

    /// A map that is written elsewhere, as that of two stacks, would be missing.
    private func checkParts(of stack: Graph.Node) throws {
        let whole = places[stack.output]?.buffer
        for part in stack.inputs where whole == nil || places[part]?.buffer != whole {
            throw PlanError("\(stack.label): its maps do not lie behind one another")
        }
    }

    /// Operands whose distance is not the planner's to choose must be dense, and all must be of the type
    /// that the kernel takes.
    private func check(_ index: Int) throws {
        let (match, operands) = (matches[index], operands[index])
        for (slot, operand) in zip(
            match.inputs + match.outputs, operands.inputs + operands.outputs)
        where place(of: slot).type != operand.type {
            throw PlanError(
                "\(match.label): its kernel needs \(operand.type) where there is "
                    + "\(place(of: slot).type)")
        }
        for (slot, operand) in zip(
            match.inputs + match.outputs, operands.inputs + operands.outputs)
        where !operand.takesAnyStride && place(of: slot).stride != operand.stride && !isDense(slot)
        {
            throw PlanError(
                "\(match.label): its kernel needs tokens \(operand.stride) apart, and they are "
                    + "\(place(of: slot).stride) apart")
        }
    }
}

extension AnyMatch {
    /// Whether both add to the same sum, each to columns of its own.
    fileprivate func sharesSum(_ other: AnyMatch) -> Bool {
        outputs.contains { output in other.outputs.contains { $0.tensors == output.tensors } }
    }
}
