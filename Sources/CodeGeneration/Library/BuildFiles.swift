import Machines
import Planning

/// Which HiLo this is: the packages of generated libraries have its version.
public enum GeneratorVersion {
    /// `major.minor.patch`.
    public static let number = "0.4.0"
}

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
        let templates = [
            ("CMakeLists.txt", "build/CMakeLists.txt"),
            ("cmake/install.cmake", "build/install.cmake"),
            ("cmake/config.cmake.in", "build/config.cmake.in"),
            ("cmake/\(model).pc.in", "build/pkgconfig.pc.in"),
        ]
        return templates.map { path, template in
            GeneratedFile(path: path, contents: renderer.render(template, context))
        }
    }

    /// Files that are compiled for one instruction set.
    private struct VectorFiles {
        let isa: String
        let kernels, harness, flags: [String]
    }

    private struct Context {
        let model, summary, version: String
        /// What kernels are optimised with, whatever CMake's build type says of other files.
        let optimisation: String
        let sources, harness: [String]
        let vectors: [VectorFiles]
        let flags: [String]

        init(_ plan: Plan, _ files: [String]) {
            model = plan.network.name
            summary = plan.network.summary
            version = GeneratorVersion.number
            let levels = CompileFlags.common.filter { $0.hasPrefix("-O") }
            optimisation = levels.joined(separator: " ")
            flags = CompileFlags.common.filter { !levels.contains($0) }
            func of(_ isa: ISA?, _ folder: String) -> [String] {
                files.filter { $0.hasPrefix(folder) && CompileFlags.isa(ofFile: $0) == isa }
            }
            // One of these is chosen when the library is built.
            let teams = Team.allFiles.map { "src/\($0)" }
            sources = of(nil, "src/").filter { !teams.contains($0) }
            harness = of(nil, "harness/")
            vectors = plan.target.isas.map {
                VectorFiles(
                    isa: $0.name, kernels: of($0, "src/"), harness: of($0, "harness/"),
                    flags: levels + $0.compileFlags)
            }
        }
    }
}
