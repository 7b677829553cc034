import Networks
import Planning

/// The library around the kernels: public header, model, forward pass, registry.
struct LibrarySource {
    private let plan: Plan
    private let renderer: Renderer
    private let names: LibraryNames
    private let functions: [String]

    init(_ plan: Plan, _ renderer: Renderer) {
        self.plan = plan
        self.renderer = renderer
        names = LibraryNames(plan)
        functions = plan.kernels.map {
            $0.functionName(model: plan.network.name, isa: plan.target.isa)
        }
    }

    func files() -> [GeneratedFile] {
        let isa = plan.target.isa.rawValue
        return [
            renderer.file("include/\(names.model).h", "header.h", headerContext),
            renderer.file("src/simd.h", "simd.h", names),
            renderer.file("src/simd_isa.h", "simd_\(isa).h", names),
            renderer.file("src/kernel.h", "kernel.h", names),
            renderer.file("src/gemm_tile.h", "gemm_tile.h", names),
            renderer.file("src/depthwise_row.h", "depthwise_row.h", names),
            renderer.file("src/internal.h", "internal.h", internalContext),
            renderer.file("src/registry.h", "registry.h", registryContext),
            renderer.file("src/registry.c", "registry.c", registryContext),
            renderer.file("src/forward.c", "forward.c", forwardContext),
            renderer.file("src/model.c", "model.c", headerContext),
            renderer.file("src/cpu.c", "cpu.c", cpuContext),
        ] + preprocessing() + kernels()
    }

    private func kernels() -> [GeneratedFile] {
        zip(plan.kernels, functions).map { kernel, function in
            let source = kernel.source
            return renderer.file(
                "src/kernels/\(function).c", source.template,
                source.context(name: function, isa: plan.target.isa))
        }
    }

    private func preprocessing() -> [GeneratedFile] {
        guard case .litv2 = plan.network else { return [] }
        return [
            renderer.file("include/\(names.model)_preprocess.h", "preprocess.h", headerContext),
            renderer.file("src/preprocess.c", "preprocess.c", headerContext),
        ]
    }
}

// MARK: - Contexts

extension LibrarySource {
    private struct HeaderContext {
        let model, MODEL, summary: String
        let inputShape, outputShape: String
        let inputFloats, outputFloats, height, width, maxBatch, weightFloats: Int
        let fingerprint, isaName, recipe: String
        let image: Bool
    }

    private var headerContext: HeaderContext {
        let network = plan.network
        let (size, recipe, image) =
            switch network {
            case .litv2(let litv2): (litv2.resolution, litv2.evaluation, true)
            case .hilo(let layer): (layer.map, .resize, false)
            }
        return HeaderContext(
            model: names.model, MODEL: names.MODEL, summary: network.summary,
            inputShape: network.inputShape.map(String.init).joined(separator: " x "),
            outputShape: network.outputShape.map(String.init).joined(separator: " x "),
            inputFloats: network.inputShape.reduce(1, *),
            outputFloats: network.outputShape.reduce(1, *),
            height: size.height, width: size.width, maxBatch: plan.target.maxBatch,
            weightFloats: plan.weightFloats, fingerprint: plan.fingerprint,
            isaName: plan.target.isa.title, recipe: recipe == .resizeAndCrop ? "CROP" : "RESIZE",
            image: image)
    }

    private struct InternalContext {
        let model, MODEL: String
        let stepCount, arenaFloats, scratchFloats: Int
    }

    private var internalContext: InternalContext {
        InternalContext(
            model: names.model, MODEL: names.MODEL, stepCount: plan.steps.count,
            arenaFloats: plan.arenaFloats, scratchFloats: plan.scratchFloats)
    }

    private struct RegistryContext {
        struct Entry {
            let name, family: String
            let macs: Int
            let fields: [ShapeField]
        }

        let model, MODEL: String
        let kernelCount, lanes: Int
        let kernels: [Entry]
    }

    private var registryContext: RegistryContext {
        RegistryContext(
            model: names.model, MODEL: names.MODEL, kernelCount: plan.kernels.count,
            lanes: plan.target.isa.lanes,
            kernels: zip(plan.kernels, functions).map { kernel, name in
                RegistryContext.Entry(
                    name: name, family: kernel.source.family, macs: kernel.macs,
                    fields: kernel.source.fields(isa: plan.target.isa))
            })
    }

    private struct ForwardContext {
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

        let model, MODEL: String
        let steps: [Entry]
    }

    private var forwardContext: ForwardContext {
        ForwardContext(
            model: names.model, MODEL: names.MODEL,
            steps: plan.steps.indices.map { index in
                let step = plan.steps[index]
                let ahead = weightsRead(after: index)
                return ForwardContext.Entry(
                    kernel: functions[step.kernel], label: step.label, index: step.kernel,
                    weights: step.weights.map { plan.weights[$0].offset } ?? 0,
                    ahead: ahead.offset, panels: ahead.panels, panelFloats: ahead.panelFloats,
                    input: .init(step.input), second: .init(step.second), output: .init(step.output)
                )
            })
    }

    /// The weights that are worth fetching while step `index` runs: of the next matrix product, in
    /// the next pass if need be.
    private func weightsRead(after index: Int) -> (
        offset: Int, panels: Int, panelFloats: Int
    ) {
        let following = plan.steps[(index + 1)...] + plan.steps[...index]
        for step in following {
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

    private struct CPUContext { let model, isaLevel: String }

    private var cpuContext: CPUContext {
        CPUContext(model: names.model, isaLevel: plan.target.isa.rawValue.uppercased())
    }
}
