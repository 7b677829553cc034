import Networks
import Planning

/// What forward.c is filled with: the steps of each pass.
struct ForwardContext {
    struct Place {
        let base: String
        let offset, column: Int

        init(_ operand: Operand?) {
            base = "OPERAND_" + (operand?.base.rawValue.uppercased() ?? "NONE")
            offset = operand?.offset ?? 0
            column = operand?.column ?? 0
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
        passes = plan.passes.map { PassEntry($0, of: plan, functions: functions) }
    }
}

extension ForwardContext.PassEntry {
    fileprivate init(_ pass: Pass, of plan: Plan, functions: [String]) {
        guard let network = try? plan.network.at(pass.resolution) else {
            preconditionFailure("a plan's passes are of resolutions that its network takes")
        }
        resolution = pass.resolution.description
        (height, width) = (pass.resolution.height, pass.resolution.width)
        (arenaFloats, scratchFloats) = (pass.arenaFloats, pass.scratchFloats)
        imagesPerThread = pass.imagesPerThread
        inputFloats = network.inputShape.reduce(1, *)
        outputFloats = network.outputShapes.reduce(0) { $0 + $1.reduce(1, *) }
        stepCount = pass.steps.count
        outputs = ForwardContext.Output.all(of: network)
        steps = pass.steps.indices.map { index in
            let step = pass.steps[index]
            let ahead = pass.weightsRead(after: index, in: plan)
            return ForwardContext.Entry(
                kernel: functions[step.kernel], label: step.label, index: step.kernel,
                weights: step.weights.map { plan.weights[$0].offset } ?? 0, ahead: ahead.offset,
                panels: ahead.panels, panelFloats: ahead.panelFloats, input: .init(step.input),
                second: .init(step.second), output: .init(step.output))
        }
    }
}

extension ForwardContext.Output {
    fileprivate static func all(of network: Network) -> [Self] {
        let shapes = network.outputShapes
        return shapes.indices.map { index in
            Self(
                stage: network.features?.stages[index] ?? 0, dimensions: shapes[index].count,
                floats: shapes[index].reduce(1, *),
                offset: shapes[..<index].reduce(0) { $0 + $1.reduce(1, *) },
                shape: shapes[index].map(String.init).joined(separator: ", "))
        }
    }
}

extension Pass {
    /// The weights that are worth fetching while step `index` runs: of the next matrix product, in
    /// the next call if need be. Threads that share its panels begin at different ones.
    fileprivate func weightsRead(
        after index: Int, in plan: Plan
    ) -> (offset: Int, panels: Int, panelFloats: Int) {
        for step in steps[(index + 1)...] + steps[...index] {
            guard let weights = step.weights.map({ plan.weights[$0] }) else { continue }
            switch plan.kernels[step.kernel] {
            case .gemm(let gemm):
                guard gemm.tiling.split == .columns else { return (weights.offset, 0, 0) }
                let panel = gemm.tiling.vectors * plan.target.isa.lanes
                return (
                    weights.offset, gemm.shape.n.rounded(upTo: panel) / panel,
                    gemm.shape.k * panel
                )
            case .convFFN: return (weights.offset, 0, 0)
            default: continue
            }
        }
        return (0, 0, 0)
    }
}
