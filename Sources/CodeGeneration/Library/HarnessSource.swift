import Kernels
import Machines
import Networks
import Planning
import Templates

/// The program that verifies, times and runs the library.
struct HarnessSource {
    private let plan: Plan
    private let renderer: Renderer
    private let names: LibraryNames

    init(_ plan: Plan, _ renderer: Renderer) {
        self.plan = plan
        self.renderer = renderer
        names = LibraryNames(plan)
    }

    private static let registry: Set<String> = ["harness/registry.h", "harness/registry.c"]
    private static let peakLoop = "harness/peak_loop.c"

    func files() -> [GeneratedFile] {
        let registry = RegistryContext(plan, names)
        let general = TemplateFiles.harness.filter {
            !Self.registry.contains($0) && $0 != Self.peakLoop
        }
        return general.map { renderer.file($0, $0, names) }
            + Self.registry.sorted().map { renderer.file($0, $0, registry) }
            + registry.families.flatMap { cases(of: $0) } + plan.target.isas.map(peakLoop)
    }

    /// What the harness must know of a family.
    private func cases(of family: String) -> [GeneratedFile] {
        ["h", "c"].map {
            renderer.file("harness/case_\(family).\($0)", "\(family)/case.\($0)", names)
        }
    }

    private func peakLoop(_ isa: ISA) -> GeneratedFile {
        struct Context {
            let isa: String
            let variants: [LibraryNames.Variant]
        }
        return renderer.file(
            "harness/peak_\(isa.name).c", Self.peakLoop,
            Context(isa: isa.name, variants: names.variants), including: isa.header)
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

    init(_ plan: Plan, _ names: LibraryNames) {
        (model, MODEL) = (names.model, names.MODEL)
        kernels = VariantFunctions.all(of: plan).enumerated().flatMap { number, variant in
            zip(variant.variant.kernels, variant.functions).enumerated().map { index, entry in
                let (kernel, name) = entry
                return Entry(
                    index: variant.first + index, variant: number, macs: kernel.macs,
                    scratch: kernel.scratch(on: variant.variant.isa), name: name,
                    family: kernel.family, fields: kernel.source(on: variant.variant.isa).fields)
            }
        }
        kernelCount = kernels.count
        families = Set(kernels.map(\.family)).sorted()
    }
}
