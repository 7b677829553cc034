import Kernels
import Machines
import Networks
import Planning

/// The library: public header, model, forward pass, and the kernels of each instruction set.
struct LibrarySource {
    private let plan: Plan
    private let names: LibraryNames
    private let variants: [VariantFunctions]
    private let renderer: Renderer

    init(
        _ plan: Plan, _ names: LibraryNames, _ variants: [VariantFunctions], _ renderer: Renderer
    ) {
        self.plan = plan
        self.names = names
        self.variants = variants
        self.renderer = renderer
    }

    func files() -> [GeneratedFile] {
        [
            renderer.file("include/\(names.model).h", "library/header.h", headerContext),
            renderer.file("src/simd.h", "simd/simd.h", names),
            renderer.file("src/kernel.h", "runtime/kernel.h", names),
            renderer.file("src/float_state.h", "runtime/float_state.h", names),
            renderer.file("src/internal.h", "runtime/internal.h", internalContext),
            renderer.file("src/processors.h", "runtime/processors.h", names),
            renderer.file("src/processors.c", "runtime/processors.c", names),
            renderer.file("src/team.h", "runtime/team.h", names),
            renderer.file(Team.openMP.source, "runtime/team_openmp.c", names),
            renderer.file(Team.threads.source, "runtime/team_threads.c", names),
            renderer.file("src/forward.c", "runtime/forward.c", names),
            renderer.file("src/model.c", "runtime/model.c", headerContext),
            renderer.file("src/variants.c", "runtime/variants.c", VariantsContext(plan, names)),
            renderer.file("src/cpu.c", "runtime/cpu.c", CPUContext(names)),
        ] + preprocessing() + innerLoops() + variants.flatMap { files(of: $0) }
    }

    /// Headers that kernels include: each that one of them asks for.
    private func innerLoops() -> [GeneratedFile] {
        let asked = variants.flatMap(\.sources).flatMap(\.headers)
        // The harness packs weights as the kernels read them, and knows their epilogues.
        let headers = Set(asked + ["packing.h", "epilogue.h"])
        return headers.sorted().map { renderer.file("src/\($0)", "inner/\($0)", names) }
    }

    private func files(of variant: VariantFunctions) -> [GeneratedFile] {
        let isa = variant.variant.isa
        let steps = renderer.file(
            "src/steps_\(isa.name).c", "runtime/steps.c", StepsContext(plan, variant, names))
        let vectors = renderer.file("src/\(isa.header)", "simd/\(isa.header)", names)
        let kernels = zip(variant.functions, variant.sources).map { function, source in
            renderer.file(
                CompileFlags.kernelPath(function, isa), source.template,
                source.context(function), including: isa.header)
        }
        return [steps, vectors] + kernels
    }

    private func preprocessing() -> [GeneratedFile] {
        guard names.image else { return [] }
        return [
            renderer.file(
                "include/\(names.model)_preprocess.h", "preprocess/preprocess.h", headerContext),
            renderer.file("src/preprocess.c", "preprocess/preprocess.c", headerContext),
        ]
    }
}

extension ISA {
    /// The header of its vectors.
    package var header: String { "simd_\(name).h" }
}

// MARK: - Contexts

extension LibrarySource {
    private struct HeaderContext {
        let model, MODEL, summary: String
        let resolutionCount, outputCount: Int
        let inputShape, outputShape, outputDimensions, resolutionUnit, resolutionList: String
        let inputFloats, outputFloats, height, width, maxBatch, weightFloats: Int
        let fingerprint, isaNames, recipe: String
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
            resolutionUnit: names.image ? "pixels" : "tokens",
            resolutionList: plan.resolutions.map(\.description).joined(separator: ", "),
            inputFloats: network.inputFloats, outputFloats: network.outputFloats,
            height: network.resolution.height, width: network.resolution.width,
            maxBatch: plan.target.maxBatch, weightFloats: plan.weightFloats,
            fingerprint: plan.fingerprint, isaNames: names.isaNames,
            recipe: network.image?.recipe ?? "", image: names.image)
    }

    private struct InternalContext {
        let model, MODEL: String
        let variants: [LibraryNames.Variant]
        let variantCount, mostSteps: Int
    }

    private var internalContext: InternalContext {
        InternalContext(
            model: names.model, MODEL: names.MODEL, variants: names.variants,
            variantCount: names.variantCount,
            mostSteps: plan.variants.flatMap(\.passes).map(\.steps.count).max() ?? 0)
    }
}

/// What variants.c is filled with.
private struct VariantsContext {
    struct Output {
        let stage, dimensions, floats, offset: Int
        let shape: String
    }

    struct Resolution {
        let height, width, inputFloats, outputFloats: Int
        let outputs: [Output]

        init(_ network: Network) {
            (height, width) = (network.resolution.height, network.resolution.width)
            (inputFloats, outputFloats) = (network.inputFloats, network.outputFloats)
            outputs = network.outputs.indices.map { index in
                let output = network.outputs[index]
                return Output(
                    stage: output.stage ?? 0, dimensions: output.shape.count,
                    floats: output.count,
                    offset: network.outputs[..<index].reduce(0) { $0 + $1.count },
                    shape: output.shape.map(String.init).joined(separator: ", "))
            }
        }
    }

    let model, MODEL: String
    let variants: [LibraryNames.Variant]
    let resolutions: [Resolution]

    init(_ plan: Plan, _ names: LibraryNames) {
        (model, MODEL, variants) = (names.model, names.MODEL, names.variants)
        resolutions = plan.resolutions.map { Resolution(plan.network(at: $0)) }
    }
}

extension Network {
    /// Of one image.
    fileprivate var inputFloats: Int { inputShape.reduce(1, *) }
    fileprivate var outputFloats: Int { outputs.reduce(0) { $0 + $1.count } }
}

/// What cpu.c is filled with.
private struct CPUContext {
    struct Feature {
        let name: String
        let bit: UInt32
        let last: Bool
    }

    let model, MODEL: String
    let caps: [LibraryNames.Cap]
    let features, x86, arm: [Feature]

    init(_ names: LibraryNames) {
        (model, MODEL, caps) = (names.model, names.MODEL, names.caps)
        let bits = names.bits
        features = bits.features.map {
            Feature(name: $0.rawValue, bit: bits.mask([$0]), last: $0 == bits.features.last)
        }
        x86 = bits.architecture == .x86_64 ? features : []
        arm = bits.architecture == .aarch64 ? features : []
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
