import Machines
import Planning

/// What builds a library without HiLo: CMake, its package configuration and pkg-config.
struct BuildFiles {
    private let plan: Plan
    private let renderer: Renderer

    init(_ plan: Plan, _ renderer: Renderer) {
        self.plan = plan
        self.renderer = renderer
    }

    /// - Parameter sources: every other file of the library.
    func files(for sources: [GeneratedFile]) -> [GeneratedFile] {
        let model = plan.network.name
        let context = Context(plan, sources.map(\.path).filter { $0.hasSuffix(".c") }.sorted())
        return [
            GeneratedFile(
                path: "CMakeLists.txt", contents: renderer.render("build/CMakeLists.txt", context)),
            GeneratedFile(
                path: "cmake/config.cmake.in",
                contents: renderer.render("build/config.cmake.in", context)),
            GeneratedFile(
                path: "cmake/\(model).pc.in", contents: renderer.render("build/pkgconfig.pc.in", context)),
        ]
    }

    /// Files that are compiled for one instruction set.
    private struct VectorFiles {
        let isa: String
        let kernels, harness, flags: [String]
    }

    private struct Context {
        let model, summary: String
        let sources, harness: [String]
        let vectors: [VectorFiles]
        let flags: [String]

        init(_ plan: Plan, _ files: [String]) {
            model = plan.network.name
            summary = plan.network.summary
            func of(_ isa: ISA?, _ folder: String) -> [String] {
                files.filter { $0.hasPrefix(folder) && CompileFlags.isa(ofFile: $0) == isa }
            }
            sources = of(nil, "src/")
            harness = of(nil, "harness/")
            vectors = plan.target.isas.map {
                VectorFiles(
                    isa: $0.name, kernels: of($0, "src/"), harness: of($0, "harness/"),
                    flags: $0.compileFlags)
            }
            flags = CompileFlags.common
        }
    }
}
