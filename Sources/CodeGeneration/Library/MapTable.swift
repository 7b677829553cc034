import Graphs
import Kernels
import Networks
import Planning

/// The maps of a library for inputs of many sizes: kernels and operands take some that lie behind
/// one another in one list, which a context works out for the size of its input.
struct MapTable: Sendable {
    private(set) var rules: [MapRule] = []

    /// All that a plan needs; empty where sizes are fixed.
    init(_ plan: Plan, _ variants: [VariantFunctions]) {
        guard plan.network.resolution.isFlexible else { return }
        let places = plan.variants.flatMap(\.passes).flatMap(\.steps).flatMap {
            ($0.inputs + $0.outputs).map(\.before)
        }
        let graph = plan.network.graph
        let lists =
            variants.flatMap(\.sources).map(\.rules) + places
            + graph.outputs.map { graph.tensors[$0].map.rules }
        // Long lists first: others may be parts of them.
        for list in lists.sorted(by: { $0.count > $1.count }) where find(list) == nil {
            rules += list
        }
    }

    /// Where a list begins; 0 of an empty one.
    func index(of list: [MapRule]) -> Int {
        guard let index = find(list) else {
            preconditionFailure("the table holds the maps of all kernels, operands and outputs")
        }
        return index
    }

    private func find(_ list: [MapRule]) -> Int? {
        guard !list.isEmpty else { return 0 }
        guard rules.count >= list.count else { return nil }
        return (0...rules.count - list.count).first {
            Array(rules[$0...].prefix(list.count)) == list
        }
    }
}

/// What sizes.c is filled with.
struct SizesContext: Sendable {
    struct Output: Sendable {
        let name: String
        let stage, dimensions: Int
        /// In C, of the sizes in `maps`.
        let shape: String
    }

    let model, MODEL: String
    let shortSide, longSide, leastSide, unit: Int
    let rules: [MapRule]
    let outputs: [Output]
    let results: Bool

    /// nil where sizes are fixed.
    init?(_ plan: Plan, _ names: LibraryNames, _ table: MapTable) {
        guard let rule = plan.network.resolution.inputRule else { return nil }
        (model, MODEL, results) = (names.model, names.MODEL, names.results)
        (shortSide, longSide) = (rule.shortSide, rule.longSide)
        (leastSide, unit) = (rule.leastSide, rule.unit)
        rules = table.rules
        let graph = plan.network.graph
        outputs = zip(plan.network.outputs, graph.outputs).map { output, tensor in
            Output(
                name: output.name, stage: output.stage ?? 0, dimensions: output.shape.count,
                shape: Self.shape(output, graph.tensors[tensor].map, table))
        }
    }

    /// Sides of the map that the output is, multiples of its tokens, or other numbers.
    private static func shape(
        _ output: NetworkOutput, _ map: Resolution, _ table: MapTable
    ) -> String {
        let first = table.index(of: map.rules), count = map.rules.count
        return output.shape.enumerated().map { place, number in
            guard map.isFlexible, number > 1 else { return "\(number)" }
            if count == 1, place == 0, number == map.height { return "maps[\(first)].height" }
            if count == 1, place == 1, number == map.width { return "maps[\(first)].width" }
            guard number.isMultiple(of: map.count) else { return "\(number)" }
            return "\(number / map.count) * (int)count_tokens(maps + \(first), \(count))"
        }.joined(separator: ", ")
    }
}

extension InputRule {
    /// The sizes that it gives, in words.
    var sizesText: String {
        "the short side is \(shortSide) or the long one \(longSide), neither is more"
            + (unit == 1 ? "" : ", and both are multiples of \(unit)")
    }
}
