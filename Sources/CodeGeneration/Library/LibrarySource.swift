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
            renderer.file("src/layer_norm_row.h", "layer_norm_row.h", names),
            renderer.file("src/internal.h", "internal.h", internalContext),
            renderer.file("src/registry.h", "registry.h", registryContext),
            renderer.file("src/registry.c", "registry.c", registryContext),
            renderer.file(
                "src/forward.c", "forward.c", ForwardContext(plan, names, functions: functions)),
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
        guard plan.network.takesImages else { return [] }
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
        let resolutionCount, outputCount: Int
        let inputShape, outputShape, outputDimensions, resolutionUnit, resolutionList: String
        let inputFloats, outputFloats, height, width, maxBatch, weightFloats: Int
        let fingerprint, isaName, recipe: String
        let image: Bool
    }

    private var headerContext: HeaderContext {
        let network = plan.network
        func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: " x ") }
        return HeaderContext(
            model: names.model, MODEL: names.MODEL, summary: network.summary,
            resolutionCount: plan.passes.count, outputCount: network.outputShapes.count,
            inputShape: text(network.inputShape),
            outputShape: network.outputShapes.map(text).joined(separator: ", "),
            outputDimensions: network.outputDimensions, resolutionUnit: network.resolutionUnit,
            resolutionList: plan.resolutions.map(\.description).joined(separator: ", "),
            inputFloats: network.inputShape.reduce(1, *),
            outputFloats: network.outputShapes.reduce(0) { $0 + $1.reduce(1, *) },
            height: network.resolution.height, width: network.resolution.width,
            maxBatch: plan.target.maxBatch, weightFloats: plan.weightFloats,
            fingerprint: plan.fingerprint, isaName: plan.target.isa.title, recipe: network.recipe,
            image: network.takesImages)
    }

    private struct InternalContext {
        let model, MODEL: String
        let mostSteps: Int
    }

    private var internalContext: InternalContext {
        InternalContext(
            model: names.model, MODEL: names.MODEL,
            mostSteps: plan.passes.map(\.steps.count).max() ?? 0)
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

    private struct CPUContext { let model, isaLevel: String }

    private var cpuContext: CPUContext {
        CPUContext(model: names.model, isaLevel: plan.target.isa.rawValue.uppercased())
    }
}

extension Network {
    var takesImages: Bool { if case .litv2 = self { true } else { false } }

    fileprivate var resolutionUnit: String { takesImages ? "pixels" : "tokens" }

    fileprivate var outputDimensions: String {
        switch self {
        case .hilo: "tokens, channels"
        case .litv2(let network):
            switch network.features?.layout {
            case .planes: "channels, height, width"
            case .tokens: "height, width, channels"
            case nil: network.classes > 0 ? "classes" : "channels"
            }
        }
    }

    fileprivate var recipe: String {
        guard case .litv2(let network) = self else { return "" }
        switch network.evaluation {
        case .resizeAndCrop: return "CROP"
        case .resize: return "RESIZE"
        case .fit: return "FIT"
        }
    }
}
