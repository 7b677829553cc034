import Foundation

/// A program that may be a C compiler.
struct CompilerCandidate: Equatable {
    /// Where the name comes from, as error messages say it.
    let label: String
    /// nil when there is no such program.
    let path: String?

    /// Variables of the environment that choose a compiler, the first that is set before the others.
    private static let variables = ["HILO_CC", "CC"]

    /// Candidates in the order to try them; a program that has several names stands once. Who chose
    /// a compiler gets that one or an error, never another.
    static func all(environment: [String: String]) -> [CompilerCandidate] {
        let search = ProgramSearch(environment: environment)
        for variable in variables {
            if let chosen = environment[variable], !chosen.isEmpty {
                return [named(variable, chosen, search)]
            }
        }
        let onPath =
            ["clang", "gcc"].compactMap(search.find)
            + search.versioned("gcc", in: search.folders) + ["cc"].compactMap(search.find)
        return distinct(
            (systemClangs(search) + onPath).map { CompilerCandidate(label: $0, path: $0) })
    }

    private static func named(_ variable: String, _ value: String, _ search: ProgramSearch)
        -> CompilerCandidate
    {
        CompilerCandidate(label: "\(variable)=\(value)", path: search.find(value))
    }

    private static func systemClangs(_ search: ProgramSearch) -> [String] {
        let llvm = "/usr/lib"
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: llvm)) ?? []
        let inLLVM = search.newestFirst("llvm", among: folders)
            .map { "\(llvm)/\($0)/bin/clang" }
        return (["/usr/bin/clang"] + search.versioned("clang", in: ["/usr/bin"]) + inLLVM)
            .filter(search.isProgram)
    }

    private static func distinct(_ candidates: [CompilerCandidate]) -> [CompilerCandidate] {
        var seen: Set<String> = []
        return candidates.filter { candidate in
            candidate.path.map { seen.insert(identity($0)).inserted } ?? true
        }
    }

    /// The file behind a path. A wrapper such as ccache serves many compilers by the name it is
    /// called by, so only files that are called like a compiler stand for one.
    private static func identity(_ path: String) -> String {
        let file = URL(fileURLWithPath: path).resolvingSymlinksInPath()
        let isCompiler = ["clang", "gcc"].contains { file.lastPathComponent.contains($0) }
        return isCompiler ? file.filePath : path
    }
}

/// Looks programs up as a shell would.
struct ProgramSearch {
    /// The folders of the `PATH`.
    let folders: [String]

    init(environment: [String: String]) {
        folders = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
    }

    /// A path as it is, a bare name from the `PATH`; nil when there is no such program.
    func find(_ name: String) -> String? {
        if name.contains("/") {
            return isProgram(name) ? URL(fileURLWithPath: name).filePath : nil
        }
        return folders.map { "\($0)/\(name)" }.first(where: isProgram)
    }

    func isProgram(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            && !isFolder.boolValue && FileManager.default.isExecutableFile(atPath: path)
    }

    /// Programs called `name-N`, the newest first.
    func versioned(_ name: String, in folders: [String]) -> [String] {
        folders.flatMap { folder in
            let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return newestFirst(name, among: files).map { "\(folder)/\($0)" }
        }
        .filter(isProgram)
    }

    /// The files called `name-N` for a number N, by falling N: `gcc-12`, but not `gcc-ar-12`.
    func newestFirst(_ name: String, among files: [String]) -> [String] {
        files
            .compactMap { file -> (file: String, version: Int)? in
                guard file.hasPrefix("\(name)-") else { return nil }
                return Int(file.dropFirst(name.count + 1)).map { (file, $0) }
            }
            .sorted { $0.version > $1.version }
            .map(\.file)
    }
}
