import Graphs
import Kernels
import Networks
import Planning

/// Runs a pass on names instead of numbers: every float of memory holds which value of which
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
    private let groups: [[Int]]
    private let kernels: [Kernel]
    private let pass: Pass
    private var memory: [Room: [Value?]]

    /// - Parameter network: at the resolution of `pass`, which is one of `variant`.
    init(_ network: Network, _ variant: Variant, _ pass: Pass) {
        graph = network.graph.folded
        groups = variant.matches(graph, of: pass).map(\.nodes)
        kernels = variant.kernels
        self.pass = pass
        memory = [
            .input: graph.values(of: Graph.input),
            .arena: [Value?](repeating: nil, count: pass.arenaBytes / 4),
        ]
        for (index, shape) in network.outputShapes.enumerated() {
            memory[.output(index)] = [Value?](repeating: nil, count: shape.reduce(1, *))
        }
    }

    /// - Throws: `Failure` at the first float that a step reads or writes wrongly.
    mutating func check() throws {
        guard pass.steps.count == groups.count else {
            throw Failure(description: "\(pass.steps.count) steps for \(groups.count) groups")
        }
        for (step, group) in zip(pass.steps, groups) { try run(step, group) }
        for (index, output) in graph.outputs.enumerated() {
            guard memory[.output(index)] == graph.values(of: output) else {
                throw Failure(description: "output \(index) is not complete")
            }
        }
    }

    private mutating func run(_ step: Step, _ group: [Int]) throws {
        let footprint = Footprint(kernels[step.kernel].computation)
        let traffic = graph.traffic(of: group)
        guard step.inputs.count == footprint.inputs.count, step.outputs.count == 1,
            traffic.inputs.count == footprint.inputs.count
        else { throw Failure(description: "\(step.label): an operand is missing or too much") }
        let output = step.outputs[0]
        var taken: [Address] = []
        for (index, place) in step.inputs.enumerated() {
            try read(place, footprint.inputs[index], traffic.inputs[index], step)
            // A residual is added to in place, each float by itself.
            if place == output, index == footprint.replaced { continue }
            taken += footprint.inputs[index].addresses(at: place)
        }
        let written = footprint.output.addresses(at: output)
        guard Set(written).isDisjoint(with: taken), Set(written).count == written.count else {
            throw Failure(description: "\(step.label) writes where it reads, or twice")
        }
        try write(written, traffic.output, step)
    }

    private func read(
        _ place: Place, _ extent: Extent, _ expected: [Value?], _ step: Step
    ) throws {
        let floats = memory[place.room] ?? []
        let addresses = extent.addresses(at: place).map(\.index)
        guard addresses.count == expected.count, addresses.allSatisfy(floats.indices.contains)
        else { throw Failure(description: "\(step.label) reads outside its operand") }
        for (address, value) in zip(addresses, expected) where floats[address] != value {
            throw Failure(
                description: "\(step.label) reads \(String(describing: floats[address])) from "
                    + "\(place), expected \(String(describing: value))")
        }
    }

    private mutating func write(_ addresses: [Address], _ values: [Value?], _ step: Step) throws {
        guard addresses.count == values.count else {
            throw Failure(
                description: "\(step.label) writes \(addresses.count) of \(values.count) values")
        }
        for (address, value) in zip(addresses, values) {
            guard address.room != .input,
                memory[address.room]?.indices.contains(address.index) == true
            else { throw Failure(description: "\(step.label) writes outside its operand") }
            memory[address.room]?[address.index] = value
        }
    }
}

extension Plan {
    /// Runs all passes of all variants.
    ///
    /// - Throws: `SymbolicRun.Failure`.
    func checkSymbolically() throws {
        for variant in variants {
            for pass in variant.passes {
                var run = SymbolicRun(try network.at(pass.resolution), variant, pass)
                try run.check()
            }
        }
    }
}

extension Graph {
    fileprivate typealias Traffic = (
        inputs: [[SymbolicRun.Value?]], output: [SymbolicRun.Value?]
    )

    /// What the nodes of a kernel read and write, token by token.
    fileprivate func traffic(of group: [Int]) -> Traffic {
        let members = group.map { nodes[$0] }
        let (first, last) = (members[0], members[members.count - 1])
        if last.operation == .add {
            let columns = columns(of: members[members.count - 2].output, inSum: last)
            return (
                [values(of: first.inputs[0]), values(of: last.inputs[0], columns)],
                values(of: last.output, columns)
            )
        }
        if last.operation == .upsampledSum {
            return (
                [first.inputs[0], last.inputs[1]].map { values(of: $0) }, values(of: last.output)
            )
        }
        let inputs = first.inputs.map { values(of: $0) }
        guard members.count > 1, last.operation.isLinear else {
            return (inputs, values(of: last.output))
        }
        return (inputs, sideBySide(members.map(\.output)))
    }

    /// The channels of a sum that one GEMM computes.
    private func columns(of tensor: Int, inSum sum: Node) -> Range<Int> {
        let parts = nodes.first { $0.output == sum.inputs[1] && $0.operation == .concatenate }
        let before = (parts?.inputs ?? [tensor]).prefix { $0 != tensor }
        let start = before.reduce(0) { $0 + tensors[$1].channels }
        return start..<start + tensors[tensor].channels
    }

    private func sideBySide(_ parts: [Int]) -> [SymbolicRun.Value?] {
        let channels = parts.flatMap { sources(of: $0) }
        return (0..<tensors[parts[0]].rows).flatMap { row in channels.map { $0.value(row) } }
    }

    /// Those of a stack are its inputs', one after another.
    fileprivate func values(of tensor: Int, _ range: Range<Int>? = nil) -> [SymbolicRun.Value?] {
        if let node = nodes.first(where: { $0.output == tensor && $0.operation == .stack }) {
            return node.inputs.flatMap { values(of: $0, range) }
        }
        let all = sources(of: tensor)
        let channels = range.map { all[$0] } ?? all[...]
        return (0..<tensors[tensor].rows).flatMap { row in channels.map { $0.value(row) } }
    }

    private struct Channel {
        let tensor, channel: Int
        func value(_ row: Int) -> SymbolicRun.Value {
            SymbolicRun.Value(tensor: tensor, row: row, channel: channel)
        }
    }

    /// A channel of a concatenation is one of its inputs'.
    private func sources(of tensor: Int) -> [Channel] {
        if let node = nodes.first(where: { $0.output == tensor && $0.operation == .concatenate }) {
            return node.inputs.flatMap { sources(of: $0) }
        }
        return (0..<tensors[tensor].channels).map { Channel(tensor: tensor, channel: $0) }
    }
}
