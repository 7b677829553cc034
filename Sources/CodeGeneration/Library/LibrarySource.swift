import Graphs
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
    private let table: MapTable

    init(
        _ plan: Plan, _ names: LibraryNames, _ variants: [VariantFunctions], _ renderer: Renderer
    ) {
        self.plan = plan
        self.names = names
        self.variants = variants
        self.renderer = renderer
        table = MapTable(plan, variants)
    }

    func files() -> [GeneratedFile] {
        [
            renderer.file("include/\(names.model).h", "library/header.h", headerContext),
            renderer.file("include/\(names.model).hpp", "library/header.hpp", headerContext),
            renderer.file("src/element.h", "simd/element.h", names),
            renderer.file("src/simd.h", "simd/simd.h", names),
            renderer.file("src/kernel.h", "runtime/kernel.h", names),
            renderer.file("src/float_state.h", "runtime/float_state.h", names),
            renderer.file("src/internal.h", "runtime/internal.h", internalContext),
            renderer.file("src/processors.h", "runtime/processors.h", names),
            renderer.file("src/processors.c", "runtime/processors.c", names),
            renderer.file("src/team.h", "runtime/team.h", names),
            renderer.file("src/helpers.h", "runtime/helpers.h", names),
            renderer.file("src/helpers.c", "runtime/helpers.c", names),
        ]
            + Team.allFiles.map { file in
                renderer.file("src/\(file)", "runtime/\(file)", names)
            } + [
                renderer.file("src/forward.c", "runtime/forward.c", names),
                renderer.file("src/model.c", "runtime/model.c", headerContext),
                renderer.file("src/context.c", "runtime/context.c", headerContext),
                renderer.file("src/variants.c", "runtime/variants.c", VariantsContext(plan, names)),
                renderer.file("src/cpu.c", "runtime/cpu.c", CPUContext(names)),
            ] + sizes() + preprocessing() + results()
            + innerLoops() + variants.flatMap { files(of: $0) }
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
            "src/steps_\(isa.name).c", "runtime/steps.c", StepsContext(plan, variant, names, table))
        let vectors = renderer.file("src/\(isa.header)", isa.headerTemplate, names)
        let kernels = zip(variant.functions, variant.sources).map { function, source in
            renderer.file(
                CompileFlags.kernelPath(function, isa), source.template,
                source.context(function), including: isa.header)
        }
        return [steps, vectors] + kernels
    }

    /// Where inputs may have many.
    private func sizes() -> [GeneratedFile] {
        SizesContext(plan, names, table).map {
            [renderer.file("src/sizes.c", "runtime/sizes.c", $0)]
        } ?? []
    }

    private func preprocessing() -> [GeneratedFile] {
        guard names.image else { return [] }
        let template = names.results ? "preprocess/detector_preprocess" : "preprocess/preprocess"
        return [
            renderer.file(
                "include/\(names.model)_preprocess.h", "\(template).h", headerContext),
            renderer.file("src/preprocess.c", "\(template).c", headerContext),
        ]
    }

    /// What makes results of the network's outputs.
    private func results() -> [GeneratedFile] {
        guard names.results else { return [] }
        let context = resultContext
        let kind = names.detects ? "detect" : "segment"
        let masks =
            !names.masks
            ? []
            : ["h", "c"].map {
                renderer.file("src/results.\($0)", "results/results.\($0)", context)
            }
        return [
            renderer.file("src/frames.c", "runtime/frames.c", context),
            renderer.file("src/\(kind).c", "runtime/\(kind).c", context),
        ] + masks
    }
}

extension ISA {
    /// The header of its vectors, and the template of that.
    package var header: String { "simd_\(name).h" }
    var headerTemplate: String { "simd/simd_\(vectors).h" }
}

// MARK: - Contexts

extension LibrarySource {
    private struct HeaderContext {
        let model, MODEL, summary: String
        let resolutionCount, outputCount: Int
        let inputShape, outputShape, outputDimensions, resolutionUnit, resolutionList: String
        let inputFloats, outputFloats, height, width, maxBatch, weightFloats: Int
        let fingerprint, isaNames, recipe, outputNames, resultNames: String
        let image, recipes, results, detects, masks, segments: Bool
        let longSide, shortSide, classes, mostDetections: Int
        let flexible: Bool
        let recipeName, sizesText: String
        let tileUnit: Bool
    }

    private var headerContext: HeaderContext {
        let network = plan.network
        func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: " x ") }
        let facts = ResultFacts(network)
        return HeaderContext(
            model: names.model, MODEL: names.MODEL, summary: network.summary,
            resolutionCount: plan.resolutions.count, outputCount: network.outputs.count,
            inputShape: text(network.inputShape),
            outputShape: network.outputShapes.map(text).joined(separator: ", "),
            outputDimensions: names.results
                ? network.outputs.map { "\($0.name): \($0.dimensions)" }.joined(separator: "; ")
                : network.outputs[0].dimensions,
            resolutionUnit: names.image ? "pixels" : "tokens",
            resolutionList: network.resolution.inputRule.map {
                "those of the recipe \($0.rawValue): \($0.sizesText)"
            } ?? plan.resolutions.map(\.description).joined(separator: ", "),
            inputFloats: network.inputFloats, outputFloats: network.outputFloats,
            height: network.resolution.height, width: network.resolution.width,
            maxBatch: plan.target.maxBatch, weightFloats: plan.weightFloats,
            fingerprint: plan.fingerprint, isaNames: names.isaNames,
            recipe: network.image?.inC.name ?? "",
            outputNames: network.outputs.map(\.name).joined(separator: ", "),
            resultNames: names.segments
                ? "classes" : names.masks ? "detections and masks" : "detections",
            image: names.image, recipes: names.recipes, results: names.results,
            detects: names.detects, masks: names.masks, segments: names.segments,
            longSide: facts?.scale.longSide ?? 0, shortSide: facts?.scale.shortSide ?? 0,
            classes: facts?.classes ?? 0, mostDetections: facts?.mostDetections ?? 0,
            flexible: names.flexible, recipeName: names.recipeName,
            sizesText: network.resolution.inputRule?.sizesText ?? "", tileUnit: names.tileUnit)
    }

    private struct ResultContext {
        let model, MODEL: String
        let masks, flexible: Bool
        /// A condition on the number of an output.
        let kept: String
        let detectionWidth, detectionBox, detectionsOutput: Int
        let masksOutput, maskPoints, isSecondEra: Int
    }

    private var resultContext: ResultContext {
        let facts = ResultFacts(plan.network)
        let kept = [facts?.detectionsOutput, facts?.masksOutput].compactMap { $0 }
        return ResultContext(
            model: names.model, MODEL: names.MODEL, masks: names.masks, flexible: names.flexible,
            kept: kept.isEmpty ? "0" : kept.map { "output == \($0)" }.joined(separator: " || "),
            detectionWidth: AnchorRule.detectionWidth, detectionBox: AnchorRule.detectionBox,
            detectionsOutput: facts?.detectionsOutput ?? 0, masksOutput: facts?.masksOutput ?? 0,
            maskPoints: facts?.maskPoints ?? 0, isSecondEra: facts?.isSecondEra == true ? 1 : 0)
    }

    private struct InternalContext {
        let model, MODEL: String
        let variants: [LibraryNames.Variant]
        let variantCount, mostSteps, mapCount: Int
        let results, flexible, tileUnit: Bool
    }

    private var internalContext: InternalContext {
        InternalContext(
            model: names.model, MODEL: names.MODEL, variants: names.variants,
            variantCount: names.variantCount,
            mostSteps: plan.variants.flatMap(\.passes).map(\.steps.count).max() ?? 0,
            mapCount: table.rules.count, results: names.results, flexible: names.flexible,
            tileUnit: names.tileUnit)
    }
}

/// What variants.c is filled with.
private struct VariantsContext {
    struct Output {
        let stage, dimensions, floats, offset: Int
        let shape, name: String
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
                    shape: output.shape.map(String.init).joined(separator: ", "),
                    name: output.name)
            }
        }
    }

    let model, MODEL: String
    let variants: [LibraryNames.Variant]
    let resolutions: [Resolution]
    let results: Bool

    init(_ plan: Plan, _ names: LibraryNames) {
        (model, MODEL, variants) = (names.model, names.MODEL, names.variants)
        results = names.results
        resolutions = plan.resolutions.map { Resolution(plan.network(at: $0)) }
    }
}

extension Network {
    /// Of one image.
    fileprivate var inputFloats: Int { inputShape.reduce(1, *) }
    fileprivate var outputFloats: Int { outputs.reduce(0) { $0 + $1.count } }
}

extension CPUFeature {
    /// Whether a CPU has it, as an expression of cpu.c. Not all compilers know AVX-VNNI by name; of AArch64
    /// Linux says it in two words of bits (arch/arm64/include/uapi/asm/hwcap.h), macOS by names.
    fileprivate var check: String {
        switch self {
        case .avxVnni: "has_bit(1, 0, 4)"
        case .asimddp: #"has_feature(1, 20, "hw.optional.arm.FEAT_DotProd")"#
        case .i8mm: #"has_feature(2, 13, "hw.optional.arm.FEAT_I8MM")"#
        case .bf16: #"has_feature(2, 14, "hw.optional.arm.FEAT_BF16")"#
        case .avx2, .fma, .avx512f, .avx512bw, .avx512dq, .avx512vl, .avx512Vnni, .avx512Bf16,
            .amxTile,
            .amxBf16, .amxInt8, .asimd:
            "__builtin_cpu_supports(\"\(compilerName)\")"
        }
    }
}

/// What cpu.c is filled with.
private struct CPUContext {
    struct Feature {
        let feature: CPUFeature
        let name: String
        /// Whether the CPU has it, in C.
        let check: String
        let bit: UInt32
        let last: Bool
    }

    let model, MODEL: String
    let caps: [LibraryNames.Cap]
    /// `arm` are those that every CPU has, `armMore` others.
    let features, x86, arm, armMore: [Feature]
    /// Whether some are looked up where compilers have no name for them.
    let asksCPU, asksSystem: Bool
    let tileUnit: Bool
    let tileBits: UInt32
    /// One, or none.
    let passedOver: [LibraryNames.PassedOverVariant]

    init(_ names: LibraryNames) {
        (model, MODEL, caps) = (names.model, names.MODEL, names.caps)
        let bits = names.bits
        features = bits.features.map {
            Feature(
                feature: $0, name: $0.compilerName, check: $0.check, bit: bits.mask([$0]),
                last: $0 == bits.features.last)
        }
        x86 =
            bits.architecture == .x86_64
            ? features.filter { !CPUFeature.tileUnit.contains($0.feature) } : []
        tileUnit = names.tileUnit
        tileBits = bits.mask(CPUFeature.tileUnit)
        passedOver = names.passedOver.map { [$0] } ?? []
        let ofARM = bits.architecture == .aarch64 ? features : []
        arm = ofARM.filter { $0.feature == .asimd }
        armMore = ofARM.filter { $0.feature != .asimd }
        asksSystem = !armMore.isEmpty
        asksCPU = tileUnit || bits.features.contains(.avxVnni)
    }
}

extension EvaluationRecipe {
    /// In the enumeration of preprocess.h: the end of its name, and its number.
    var inC: (name: String, number: Int) {
        switch self {
        case .resizeAndCrop: ("CROP", 0)
        case .resize: ("RESIZE", 1)
        case .fit: ("FIT", 2)
        }
    }
}
