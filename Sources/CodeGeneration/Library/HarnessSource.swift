import Graphs
import Kernels
import Machines
import Networks
import Planning
import Templates

/// The program that verifies, times and runs the library.
struct HarnessSource {
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

    private static let registry: Set<String> = ["harness/registry.h", "harness/registry.c"]
    fileprivate static let peakLoop = "harness/peak_loop.c"
    /// Files that only some libraries have, and which.
    private var conditional: [String: Bool] {
        [
            "run_outputs.c": !names.results, "run_results.c": names.results,
            "channels.c": !names.results, "pictures.c": names.recipes,
            "picture_file.c": names.recipes,
            "picture_file.h": names.recipes, "api_frames.c": names.results,
            "api_detections.c": names.detects, "api_masks.c": names.masks,
            "api_labels.c": names.segments,
        ]
    }

    func files() -> [GeneratedFile] {
        let registry = RegistryContext(plan, names, variants)
        let others = Set(conditional.filter { !$0.value }.map { "harness/\($0.key)" })
        let general = TemplateFiles.harness.filter {
            !Self.registry.contains($0) && $0 != Self.peakLoop && !others.contains($0)
        }
        return general.map { renderer.file($0, $0, names) }
            + Self.registry.sorted().map { renderer.file($0, $0, registry) }
            + registry.families.flatMap { cases(of: $0) } + plan.target.isas.map(renderer.peakLoop)
    }

    /// What the harness must know of a family.
    private func cases(of family: String) -> [GeneratedFile] {
        ["h", "c"].map {
            renderer.file("harness/case_\(family).\($0)", "\(family)/case.\($0)", names)
        }
    }
}

extension Renderer {
    /// The loop that measures an instruction set's peak.
    func peakLoop(_ isa: ISA) -> GeneratedFile {
        struct Context { let isa: String }
        return file(
            CompileFlags.peakPath(isa), HarnessSource.peakLoop, Context(isa: isa.name),
            including: isa.header)
    }
}

/// What the registry is filled with: all kernels of all variants.
private struct RegistryContext {
    /// A kernel at another size of the input.
    struct Size {
        let number: Int
        let maps: String
        let fields: [ShapeField]
    }

    struct Entry {
        let index, variant, macs, scratch: Int
        let name, family: String
        let fields: [ShapeField]
        /// Whether sizes of maps come with each call: those at the usual size, and at others.
        let varies: Bool
        let maps: String
        let sizes: [Size]
    }

    let model, MODEL: String
    let kernelCount, sizeCount: Int
    let flexible: Bool
    let families: [String]
    let kernels: [Entry]

    init(_ plan: Plan, _ names: LibraryNames, _ variants: [VariantFunctions]) {
        (model, MODEL, flexible) = (names.model, names.MODEL, names.flexible)
        let samples = SampleSizes.all(of: plan)
        sizeCount = samples.count
        kernels = variants.enumerated().flatMap { number, variant in
            variant.variant.kernels.enumerated().map { index, kernel in
                let source = variant.sources[index], isa = variant.variant.isa
                let others = samples.map { $0.kernels[number][index] }
                return Entry(
                    index: variant.first + index, variant: number, macs: kernel.macs,
                    scratch: (others + [kernel]).map { $0.scratch(on: isa) }.max() ?? 0,
                    name: variant.functions[index], family: kernel.family, fields: source.fields,
                    varies: !source.rules.isEmpty,
                    maps: plan.network.resolution.sizes(of: source.rules),
                    sizes: source.rules.isEmpty
                        ? []
                        : samples.indices.map {
                            Size(
                                number: $0, maps: samples[$0].size.sizes(of: source.rules),
                                fields: others[$0].source(on: isa).fields)
                        })
            }
        }
        kernelCount = kernels.count
        families = Set(kernels.map(\.family)).sorted()
    }
}

/// The kernels of a plan at a size of the input beside the usual one, variant by variant.
private struct SampleSizes {
    let size: Resolution
    let kernels: [[Kernel]]

    /// Those that the harness verifies; none where sizes are fixed.
    static func all(of plan: Plan) -> [SampleSizes] {
        let samples = plan.network.resolution.inputRule?.samples ?? []
        return samples.map { size in
            guard let kernels = try? plan.kernels(at: size) else {
                preconditionFailure("a plan for all sizes of a recipe was planned at its samples")
            }
            return SampleSizes(size: size, kernels: kernels)
        }
    }
}

extension Resolution {
    /// Of maps that follow from an input of this size, in C.
    fileprivate func sizes(of rules: [MapRule]) -> String {
        rules.map { "{ \($0.side(height)), \($0.side(width)) }" }.joined(separator: ", ")
    }
}
