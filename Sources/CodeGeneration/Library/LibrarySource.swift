import Kernels
import Machines
import Networks
import Planning

/// The library around the kernels: public header, model, forward pass, registry.
struct LibrarySource {
    private let plan: Plan
    private let renderer: Renderer
    private let names: LibraryNames
    private let variant: Variant
    private let functions: [String]

    init(_ plan: Plan, _ renderer: Renderer) {
        self.plan = plan
        self.renderer = renderer
        names = LibraryNames(plan)
        variant = plan.variants[0]
        functions = variant.kernels.map { [isa = variant.isa] in
            $0.functionName(model: plan.network.name, isa: isa)
        }
    }

    func files() -> [GeneratedFile] {
        return [
            renderer.file("include/\(names.model).h", "header.h", headerContext),
            renderer.file("src/simd.h", "simd.h", names),
            renderer.file("src/simd_isa.h", "simd_\(variant.isa.name).h", names),
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
        zip(variant.kernels, functions).map { kernel, function in
            let source = kernel.source(on: variant.isa)
            return renderer.file(
                "src/kernels/\(function).c", source.template, source.context(function))
        }
    }

    private func preprocessing() -> [GeneratedFile] {
        guard plan.network.image != nil else { return [] }
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
            resolutionCount: plan.resolutions.count, outputCount: network.outputs.count,
            inputShape: text(network.inputShape),
            outputShape: network.outputShapes.map(text).joined(separator: ", "),
            outputDimensions: network.outputs[0].dimensions,
            resolutionUnit: network.image == nil ? "tokens" : "pixels",
            resolutionList: plan.resolutions.map(\.description).joined(separator: ", "),
            inputFloats: network.inputShape.reduce(1, *),
            outputFloats: network.outputs.reduce(0) { $0 + $1.count },
            height: network.resolution.height, width: network.resolution.width,
            maxBatch: plan.target.maxBatch, weightFloats: plan.weightFloats,
            fingerprint: plan.fingerprint, isaName: variant.isa.title, recipe: network.image?.recipe ?? "",
            image: network.image != nil)
    }

    private struct InternalContext {
        let model, MODEL: String
        let mostSteps: Int
    }

    private var internalContext: InternalContext {
        InternalContext(
            model: names.model, MODEL: names.MODEL,
            mostSteps: variant.passes.map(\.steps.count).max() ?? 0)
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
            model: names.model, MODEL: names.MODEL, kernelCount: variant.kernels.count,
            lanes: variant.isa.lanes,
            kernels: zip(variant.kernels, functions).map { kernel, name in
                RegistryContext.Entry(
                    name: name, family: kernel.family.uppercased(), macs: kernel.macs,
                    fields: kernel.source(on: variant.isa).fields)
            })
    }

    private struct CPUContext { let model, isaLevel: String }

    private var cpuContext: CPUContext {
        CPUContext(model: names.model, isaLevel: variant.isa.name.uppercased())
    }
}

extension EvaluationRecipe {
    /// In names of C.
    fileprivate var recipe: String {
        switch self {
        case .resizeAndCrop: "CROP"
        case .resize: "RESIZE"
        case .fit: "FIT"
        }
    }
}
