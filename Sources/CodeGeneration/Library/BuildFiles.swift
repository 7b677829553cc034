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
                path: "CMakeLists.txt", contents: renderer.render("CMakeLists.txt", context)),
            GeneratedFile(
                path: "cmake/config.cmake.in",
                contents: renderer.render("config.cmake.in", context)),
            GeneratedFile(
                path: "cmake/\(model).pc.in", contents: renderer.render("pkgconfig.pc.in", context)),
        ]
    }

    private struct Context {
        let model, summary: String
        let sources, kernels, harness, vectorHarness: [String]
        let flags, isaFlags: [String]

        init(_ plan: Plan, _ files: [String]) {
            model = plan.network.name
            summary = plan.network.summary
            kernels = files.filter { $0.hasPrefix("src/kernels/") }
            sources = files.filter { $0.hasPrefix("src/") && !$0.hasPrefix("src/kernels/") }
            let programs = files.filter { $0.hasPrefix("harness/") }
            harness = programs.filter { !CompileFlags.usesInstructions($0) }
            vectorHarness = programs.filter(CompileFlags.usesInstructions)
            flags = CompileFlags.common
            isaFlags = plan.target.isas[0].compileFlags
        }
    }
}
