import Networks
import Planning

/// Runs a plan on names instead of numbers: every float of memory holds which value of which
/// tensor was last written there, and every kernel must find in its operands the values that the
/// graph says it reads.
///
/// Whatever is wrong with offsets, strides, columns, the order of steps or the reuse of memory
/// shows as a value in the wrong place.
struct SymbolicRun {
    /// Channel `channel` of token `row` of a tensor of the graph.
    struct Value: Hashable {
        let tensor: Int
        let row: Int
        let channel: Int
    }

    struct Failure: Error, CustomStringConvertible { let description: String }

    private let graph: Graph
    private let groups: [Group]
    private let plan: Plan
    private var memory: [Room: [Value?]]

    init(_ network: Network, _ plan: Plan) {
        graph = Graph(network)
        groups = graph.fused(asIn: plan)
        self.plan = plan
        let input = graph.tensors[Graph.input]
        memory = [
            Room(base: .input): graph.values(of: Graph.input, 0..<input.channels),
            Room(base: .arena): [Value?](repeating: nil, count: plan.arenaFloats),
        ]
        for (index, shape) in network.outputShapes.enumerated() {
            memory[Room(base: .output, output: index)] = [Value?](
                repeating: nil, count: shape.reduce(1, *))
        }
    }

    /// - Throws: `Failure` at the first float that a step reads or writes wrongly.
    mutating func check() throws {
        guard plan.steps.count == groups.count else {
            throw Failure(description: "\(plan.steps.count) steps for \(groups.count) groups")
        }
        for (step, group) in zip(plan.steps, groups) { try run(step, group) }
        for (index, output) in graph.outputs.enumerated() {
            let channels = 0..<graph.tensors[output].channels
            guard
                memory[Room(base: .output, output: index)] == graph.values(of: output, channels)
            else { throw Failure(description: "output \(index) is not complete") }
        }
    }

    private mutating func run(_ step: Step, _ group: Group) throws {
        let footprint = Footprint(plan.kernels[step.kernel])
        let traffic = graph.traffic(of: group)
        try read(step.input, footprint.input, traffic.input, step)
        var read = footprint.input.addresses(at: step.input)
        if let second = step.second, let extent = footprint.second {
            try self.read(second, extent, traffic.second, step)
            // A residual is added to in place, each float by itself.
            if second != step.output { read += extent.addresses(at: second) }
        } else if step.second != nil || footprint.second != nil || !traffic.second.isEmpty {
            throw Failure(description: "\(step.label): a second operand is missing or too much")
        }
        let written = footprint.output.addresses(at: step.output)
        guard Set(written).isDisjoint(with: read), Set(written).count == written.count else {
            throw Failure(description: "\(step.label) writes where it reads, or twice")
        }
        try write(written, traffic.output, step)
    }

    private func read(
        _ operand: Operand, _ extent: Extent, _ expected: [Value?], _ step: Step
    ) throws {
        let places = extent.addresses(at: operand)
        let floats = places.first.flatMap { memory[$0.room] } ?? []
        let addresses = places.map(\.index)
        guard addresses.count == expected.count, addresses.allSatisfy(floats.indices.contains)
        else { throw Failure(description: "\(step.label) reads outside its operand") }
        for (address, value) in zip(addresses, expected) where floats[address] != value {
            throw Failure(
                description: "\(step.label) reads \(String(describing: floats[address])) from "
                    + "\(operand.base) \(address), expected \(String(describing: value))")
        }
    }

    private mutating func write(_ addresses: [Address], _ values: [Value?], _ step: Step) throws {
        guard addresses.count == values.count else {
            throw Failure(
                description: "\(step.label) writes \(addresses.count) of \(values.count) values")
        }
        for (address, value) in zip(addresses, values) {
            guard address.room.base != .input,
                memory[address.room]?.indices.contains(address.index) == true
            else { throw Failure(description: "\(step.label) writes outside its operand") }
            memory[address.room]?[address.index] = value
        }
    }
}

extension Graph {
    fileprivate typealias Traffic = (
        input: [SymbolicRun.Value?], second: [SymbolicRun.Value?], output: [SymbolicRun.Value?]
    )

    /// What a group reads and writes, token by token.
    fileprivate func traffic(of group: Group) -> Traffic {
        let members = group.nodes.map { nodes[$0] }
        let (first, last) = (members[0], members[members.count - 1])
        let input = values(of: first.inputs[0])
        if last.operation == .add {
            let columns = columns(of: members[members.count - 2].output, inSum: last)
            return (input, values(of: last.inputs[0], columns), values(of: last.output, columns))
        }
        let second = first.inputs.count > 1 ? values(of: first.inputs[1]) : []
        guard members.count > 1, last.operation.isLinear else {
            return (input, second, values(of: last.output))
        }
        return (input, second, sideBySide(members.map(\.output)))
    }

    /// The channels of a sum that one GEMM computes.
    private func columns(of tensor: Int, inSum sum: Node) -> Range<Int> {
        let parts = nodes.first { $0.output == sum.inputs[1] && $0.operation == .concatenate }
        let before = (parts?.inputs ?? [tensor]).prefix { $0 != tensor }
        let start = before.reduce(0) { $0 + tensors[$1].channels }
        return start..<start + tensors[tensor].channels
    }

    private func sideBySide(_ parts: [Int]) -> [SymbolicRun.Value?] {
        (0..<tensors[parts[0]].rows).flatMap { row in
            parts.flatMap { part in
                (0..<tensors[part].channels).map { value(of: part, row, $0) }
            }
        }
    }

    fileprivate func values(of tensor: Int, _ channels: Range<Int>? = nil)
        -> [SymbolicRun.Value?]
    {
        let channels = channels ?? 0..<tensors[tensor].channels
        return (0..<tensors[tensor].rows).flatMap { row in
            channels.map { value(of: tensor, row, $0) }
        }
    }

    /// A value of a concatenation is a value of one of its inputs.
    private func value(of tensor: Int, _ row: Int, _ channel: Int) -> SymbolicRun.Value {
        var channel = channel
        if tensor > 0, nodes[tensor - 1].operation == .concatenate {
            for part in nodes[tensor - 1].inputs {
                if channel < tensors[part].channels { return value(of: part, row, channel) }
                channel -= tensors[part].channels
            }
        }
        return SymbolicRun.Value(tensor: tensor, row: row, channel: channel)
    }
}
