import Graphs
import Kernels
import Networks
import Planning

/// What steps.c is filled with: the passes of one variant.
struct StepsContext {
    struct PlaceEntry {
        let base: String
        let offset, column, before, beforeCount, tokenBytes: Int

        init(_ place: Place, _ table: MapTable) {
            before = table.index(of: place.before)
            (beforeCount, tokenBytes) = (place.before.count, place.tokenBytes)
            (base, offset, column) =
                switch place.base {
                case .input: ("OPERAND_INPUT", 0, place.column)
                case .output(let index): ("OPERAND_OUTPUT", index, place.column)
                case .arena(let bytes): ("OPERAND_ARENA", bytes, place.column)
                case .lent(let output, let bytes): ("OPERAND_LENT", output, bytes + place.column)
                }
        }
    }

    struct Entry {
        let kernel, label: String
        let index, ahead, panels, panelBytes, maps: Int
        let inputs, outputs: [PlaceEntry]
        let weights: [Int]
    }

    struct PassEntry {
        let resolution: String
        let index, stepCount, arenaBytes, scratchBytes, imagesPerThread: Int
        let steps: [Entry]
    }

    let model, MODEL, isa: String
    let flexible: Bool
    let functions: [String]
    let passes: [PassEntry]

    init(
        _ plan: Plan, _ variant: VariantFunctions, _ names: LibraryNames, _ table: MapTable
    ) {
        model = names.model
        MODEL = names.MODEL
        flexible = names.flexible
        isa = variant.variant.isa.name
        functions = variant.functions
        passes = variant.variant.passes.enumerated().map {
            PassEntry($1, $0, of: plan, variant, table)
        }
    }
}

/// A variant with the C of its kernels.
struct VariantFunctions {
    let variant: Variant
    /// Names, in the order of its kernels.
    let functions: [String]
    /// In the same order.
    let sources: [KernelSource]
    /// Place of its first kernel among those of all variants.
    let first: Int

    /// Those of a plan.
    static func all(of plan: Plan) -> [VariantFunctions] {
        var first = 0
        return plan.variants.map { variant in
            defer { first += variant.kernels.count }
            return VariantFunctions(
                variant: variant,
                functions: variant.kernels.map {
                    $0.functionName(model: plan.network.name, isa: variant.isa)
                }, sources: variant.kernels.map { $0.source(on: variant.isa) }, first: first)
        }
    }
}

extension StepsContext.PassEntry {
    fileprivate init(
        _ pass: Pass, _ index: Int, of plan: Plan, _ variant: VariantFunctions, _ table: MapTable
    ) {
        resolution = pass.resolution.description
        self.index = index
        stepCount = pass.steps.count
        (arenaBytes, scratchBytes) = (pass.arenaBytes, pass.scratchBytes)
        imagesPerThread = pass.imagesPerThread
        steps = pass.steps.indices.map { index in
            let step = pass.steps[index]
            let ahead = pass.weightsRead(after: index, in: plan, variant.variant)
            return StepsContext.Entry(
                kernel: variant.functions[step.kernel], label: step.label,
                index: variant.first + step.kernel, ahead: ahead.offset,
                panels: ahead.stream.panels, panelBytes: ahead.stream.panelBytes,
                maps: table.index(of: variant.sources[step.kernel].rules),
                inputs: step.inputs.map { .init($0, table) },
                outputs: step.outputs.map { .init($0, table) },
                weights: step.weights.map { plan.byteOffset(of: $0) })
        }
    }
}

extension Plan {
    /// Bytes from the beginning of the packed weights.
    fileprivate func byteOffset(of place: WeightPlace) -> Int {
        4 * (weights[place.block].offset + place.offset)
    }
}

extension Pass {
    /// The weights that are worth fetching while step `index` runs: of the next matrix product, in
    /// the next call if need be. Threads that share its panels begin at different ones.
    fileprivate func weightsRead(
        after index: Int, in plan: Plan, _ variant: Variant
    ) -> (offset: Int, stream: WeightStream) {
        for step in steps[(index + 1)...] + steps[...index] {
            if let weights = step.weights.first,
                let stream = variant.kernels[step.kernel].stream(on: variant.isa)
            {
                return (plan.byteOffset(of: weights), stream)
            }
        }
        return (0, WeightStream())
    }
}
