import Networks
import Planning

/// What forward.c is filled with: the steps of each pass.
struct ForwardContext {
    struct Place {
        let base: String
        let offset, column: Int

        init(_ place: Planning.Place?) {
            column = (place?.column ?? 0) / 4
            switch place?.base {
            case .input: (base, offset) = ("OPERAND_INPUT", 0)
            case .output(let index): (base, offset) = ("OPERAND_OUTPUT", index)
            case .arena(let bytes): (base, offset) = ("OPERAND_ARENA", bytes / 4)
            case nil: (base, offset) = ("OPERAND_NONE", 0)
            }
        }
    }

    struct Entry {
        let kernel, label: String
        let index, weights, ahead, panels, panelFloats: Int
        let input, second, output: Place
    }

    struct Output {
        let stage, dimensions, floats, offset: Int
        let shape: String
    }

    struct PassEntry {
        let resolution: String
        let height, width, inputFloats, outputFloats: Int
        let stepCount, arenaFloats, scratchFloats, imagesPerThread: Int
        let steps: [Entry]
        let outputs: [Output]
    }

    let model, MODEL: String
    let passes: [PassEntry]

    init(_ plan: Plan, _ names: LibraryNames, functions: [String]) {
        model = names.model
        MODEL = names.MODEL
        passes = plan.variants[0].passes.map { PassEntry($0, of: plan, functions: functions) }
    }
}

extension ForwardContext.PassEntry {
    fileprivate init(_ pass: Pass, of plan: Plan, functions: [String]) {
        guard let network = try? plan.network.at(pass.resolution) else {
            preconditionFailure("a plan's passes are of resolutions that its network takes")
        }
        resolution = pass.resolution.description
        (height, width) = (pass.resolution.height, pass.resolution.width)
        (arenaFloats, scratchFloats) = (pass.arenaBytes / 4, pass.scratchBytes / 4)
        imagesPerThread = pass.imagesPerThread
        inputFloats = network.inputShape.reduce(1, *)
        outputFloats = network.outputs.reduce(0) { $0 + $1.count }
        stepCount = pass.steps.count
        outputs = ForwardContext.Output.all(of: network)
        steps = pass.steps.indices.map { index in
            let step = pass.steps[index]
            let ahead = pass.weightsRead(after: index, in: plan)
            return ForwardContext.Entry(
                kernel: functions[step.kernel], label: step.label, index: step.kernel,
                weights: step.weights.first.map { plan.weights[$0.block].offset } ?? 0,
                ahead: ahead.offset,
                panels: ahead.panels, panelFloats: ahead.panelFloats, input: .init(step.inputs[0]),
                second: .init(step.inputs.dropFirst().first), output: .init(step.outputs[0]))
        }
    }
}

extension ForwardContext.Output {
    fileprivate static func all(of network: Network) -> [Self] {
        let outputs = network.outputs
        return outputs.indices.map { index in
            Self(
                stage: outputs[index].stage ?? 0, dimensions: outputs[index].shape.count,
                floats: outputs[index].count,
                offset: outputs[..<index].reduce(0) { $0 + $1.count },
                shape: outputs[index].shape.map(String.init).joined(separator: ", "))
        }
    }
}

extension Pass {
    /// The weights that are worth fetching while step `index` runs: of the next matrix product, in
    /// the next call if need be. Threads that share its panels begin at different ones.
    fileprivate func weightsRead(
        after index: Int, in plan: Plan
    ) -> (offset: Int, panels: Int, panelFloats: Int) {
        let variant = plan.variants[0]
        for step in steps[(index + 1)...] + steps[...index] {
            guard let weights = step.weights.first.map({ plan.weights[$0.block] }),
                let stream = variant.kernels[step.kernel].stream(on: variant.isa)
            else { continue }
            return (weights.offset, stream.panels, stream.panelFloats)
        }
        return (0, 0, 0)
    }
}
