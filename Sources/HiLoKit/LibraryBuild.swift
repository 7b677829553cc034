import CodeGeneration
import Foundation
import Machines
import Planning
import Toolchain

extension GeneratedLibrary {
    /// Compiles library and harness into `build/`: `libNAME.a`, `libNAME.so`, `harness_NAME`.
    /// `sources.json` beside them says of what.
    ///
    /// - Parameters:
    ///   - compiler: one that `Compiler.find` found.
    ///   - team: who runs the library's threads; nil is what the last build chose, at first `threads`.
    ///   - extraFlags: appended to every compilation.
    ///   - progress: told after each file.
    /// - Throws: `ToolchainError` with the compiler's words; `LibraryError` for a library of
    ///   another architecture, or when it cannot be written.
    @discardableResult
    public func build(
        with compiler: Compiler, team: Team? = nil, extraFlags: [String] = [],
        progress: Build.Progress? = nil
    ) async throws -> BuildReport {
        try checkArchitecture()
        let team = team ?? builtTeam ?? .threads
        let files = Generator(plan).files().map(\.path)
        // Taken before compiling: what is edited meanwhile is noticed later.
        let sources = try currentSources(files.filter { $0.hasSuffix(".c") || $0.hasSuffix(".h") })
        let report = try await Build(compiler: compiler, folder: buildFolder)
            .perform(
                recipe(files, team, extraFlags: emulationFlags + extraFlags), progress: progress)
        try record(sources, team)
        return report
    }

    /// The compilers that are found make programs for this machine.
    private func checkArchitecture() throws {
        guard let architecture = plan.target.architecture,
            architecture != Architecture.host
        else { return }
        throw LibraryError.otherArchitecture(
            "\(folder.path): is for \(architecture.rawValue), and this machine is not; build it there, "
                + "or with CMake and a cross compiler (cmake -S \(folder.path) -B build "
                + "-DCMAKE_SYSTEM_NAME=Linux -DCMAKE_C_COMPILER=…)")
    }

    private func recipe(_ files: [String], _ team: Team, extraFlags: [String]) -> BuildRecipe {
        let sources = files.filter { $0.hasSuffix(".c") && team.includes(file: $0) }
        let commands = sources.map {
            CompileCommand(
                $0, in: folder, includes: ["include", "src", "harness"], extraFlags: extraFlags)
        }
        let library = commands.filter { !$0.object.hasPrefix("harness_") }.map(\.object)
        return BuildRecipe(
            commands: commands,
            headers: files.filter { $0.hasSuffix(".h") }.map { folder.appending(path: $0) },
            products: [
                Product(.archive, name: "lib\(name).a", objects: library),
                Product(
                    .sharedLibrary(soname: "lib\(name).so"), name: "lib\(name).so",
                    objects: library),
                Product(
                    .executable, name: "harness_\(name)", objects: commands.map(\.object)),
            ],
            threading: team.threading)
    }
}

extension Team {
    package var threading: Threading {
        switch self {
        // The harness has threads whatever the library has.
        case .threads, .alone: .posix
        case .openMP: .openMP
        }
    }
}

extension CompileCommand {
    /// Compiles a generated file.
    ///
    /// - Parameters:
    ///   - path: of the file in its library, from which its instruction set follows.
    ///   - place: where it lies in `folder`; nil is `path`.
    ///   - includes: folders in `folder`; the one that is or ends in `src` has the inner headers.
    ///   - extraFlags: come last.
    package init(
        _ path: String, at place: String? = nil, in folder: URL, includes: [String],
        extraFlags: [String] = []
    ) {
        let place = place ?? path
        let includeFlags = includes.flatMap { ["-I", folder.appending(path: $0).path] }
        let headers = includes.first { $0.hasSuffix("src") }.map { folder.appending(path: $0) }
        let prefix = CompileFlags.isa(ofFile: path).flatMap { headers?.appending(path: $0.header) }
        self.init(
            source: folder.appending(path: place),
            object: place.replacing("/", with: "_").replacing(".c", with: ".o"),
            flags: CompileFlags.language + CompileFlags.common
                + CompileFlags.instructions(ofFile: path) + includeFlags + extraFlags,
            prefix: prefix)
    }
}
