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
            "run_outputs": !names.results, "run_results": names.results,
            "api_frames": names.results, "api_detections": names.detects,
            "api_masks": names.masks, "api_labels": names.segments,
        ]
    }

    func files() -> [GeneratedFile] {
        let registry = RegistryContext(names, variants)
        let others = Set(conditional.filter { !$0.value }.map { "harness/\($0.key).c" })
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
    struct Entry {
        let index, variant, macs, scratch: Int
        let name, family: String
        let fields: [ShapeField]
    }

    let model, MODEL: String
    let kernelCount: Int
    let families: [String]
    let kernels: [Entry]

    init(_ names: LibraryNames, _ variants: [VariantFunctions]) {
        (model, MODEL) = (names.model, names.MODEL)
        kernels = variants.enumerated().flatMap { number, variant in
            variant.variant.kernels.enumerated().map { index, kernel in
                Entry(
                    index: variant.first + index, variant: number, macs: kernel.macs,
                    scratch: kernel.scratch(on: variant.variant.isa),
                    name: variant.functions[index], family: kernel.family,
                    fields: variant.sources[index].fields)
            }
        }
        kernelCount = kernels.count
        families = Set(kernels.map(\.family)).sorted()
    }
}
