import Foundation

/// Builds C files into a folder with one compiler.
public struct Build: Sendable {
    /// Told after each file: files done, files to do in all, and the file's name.
    public typealias Progress = @Sendable (_ done: Int, _ total: Int, _ file: String) -> Void

    private let compiler: Compiler
    private let folder: URL
    private let jobs: Int
    private let environment: [String: String]
    private let cache: ObjectCache?

    /// - Parameters:
    ///   - folder: where the products go; objects go to its folder `objects`. Other files in it
    ///     are left alone.
    ///   - jobs: files to compile at the same time.
    public init(
        compiler: Compiler, folder: URL, jobs: Int = HostCPU.current().cores,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.compiler = compiler
        self.folder = folder
        self.jobs = max(1, jobs)
        self.environment = environment
        cache = ObjectCache(environment: environment)
    }

    /// Compiles what is out of date and makes every product. Where `$HILO_OBJECT_CACHE` names a folder, objects
    /// that were made of the same before are taken from there.
    ///
    /// All output is made in a folder of its own and moved into place file by file when everything
    /// has succeeded: no file is ever half-written, and a build that fails changes nothing.
    ///
    /// - Throws: `ToolchainError.compilationFailed` with the compiler's words on the first file
    ///   that failed, `.linkingFailed`; `.missingTool`, also where OpenMP is; `.cannotWrite`, also
    ///   when a tool failed because a disk is full.
    public func perform(_ recipe: BuildRecipe, progress: Progress? = nil) async throws
        -> BuildReport
    {
        let existed = FileManager.default.fileExists(atPath: folder.filePath)
        let staging = try Staging(for: folder)
        do {
            let records = try records(of: recipe)
            let stale = recipe.commands.filter { !upToDate($0, records) }
            let diagnostics = try await compile(
                stale, records, compiler.compileFlags(recipe.threading), staging, progress)
            let made = Set(stale.map(\.object))
            let objects = Dictionary(
                uniqueKeysWithValues: recipe.commands.map { command in
                    let root = made.contains(command.object) ? staging.folder : folder
                    return (command.object, objectFile(command, in: root).filePath)
                })
            for product in recipe.products {
                try await make(product, objects, recipe.threading, staging)
            }
            try staging.commit()
            return BuildReport(
                products: recipe.products.map { folder.appendingPathComponent($0.name) },
                compiled: stale.map(\.source.filePath), diagnostics: diagnostics)
        } catch {
            staging.discard()
            if !existed { try? FileManager.default.removeItem(at: folder) }
            throw error
        }
    }

    // MARK: Compiling

    /// A file to compile, and what its object depends on. That is looked at before compiling: a file that
    /// changes meanwhile is then compiled again next time.
    private struct Compilation: Sendable {
        let command: CompileCommand
        let record: String
        /// nil where objects are not kept, or it cannot be told what this one depends on.
        let key: ObjectCache.Key?
    }

    private func compile(
        _ commands: [CompileCommand], _ records: [String: String], _ threading: [String],
        _ staging: Staging, _ progress: Progress?
    ) async throws -> String {
        var files = IncludedFiles()
        let compilations = try commands.map {
            Compilation(
                command: $0, record: records[$0.object] ?? "",
                key: cache?.key(of: $0, compiler, threading, &files))
        }.filter { try !take($0, staging) }
        return try await withTemporaryFolder { folder in
            let precompiled = try await PrecompiledHeaders(
                for: compilations.map(\.command), in: folder
            ) {
                try await run(threading + $0).succeeded
            }
            return try await compile(compilations, progress) { one in
                try await alone(one, staging) {
                    try await compile(
                        one.command, threading + precompiled.flags(for: one.command),
                        to: objectFile(one.command, in: staging.folder), staging)
                }
            }
        }
    }

    /// Compiles a file whose object other builds may be making, or want later.
    ///
    /// - Returns: what the compiler said.
    private func alone(
        _ one: Compilation, _ staging: Staging, compile: () async throws -> String
    ) async throws -> String {
        let object = objectFile(one.command, in: staging.folder)
        func make() async throws -> String {
            let said = try await compile()
            try write(one.record, to: recordFile(object))
            return said
        }
        guard let cache, let key = one.key else { return try await make() }
        return try await cache.withLock(of: key) {
            if try take(one, staging) { return "" }
            let said = try await make()
            if said.isEmpty, key.isCurrent { cache.keep(object, as: key) }
            return said
        }
    }

    /// Puts an object that was made of the same before into the staging folder.
    ///
    /// - Returns: whether there is one.
    private func take(_ one: Compilation, _ staging: Staging) throws -> Bool {
        let object = objectFile(one.command, in: staging.folder)
        guard let cache, let key = one.key, try cache.take(key, to: object) else { return false }
        try write(one.record, to: recordFile(object))
        return true
    }

    /// As many at a time as there are jobs.
    ///
    /// - Returns: what the compiler said, in the order of the files.
    private func compile(
        _ compilations: [Compilation], _ progress: Progress?,
        one: @escaping @Sendable (Compilation) async throws -> String
    ) async throws -> String {
        var waiting = compilations[...]
        var diagnostics: [String: String] = [:]
        try await withThrowingTaskGroup(of: (CompileCommand, String).self) { tasks in
            for compilation in waiting.prefix(jobs) {
                tasks.addTask { (compilation.command, try await one(compilation)) }
            }
            waiting = waiting.dropFirst(jobs)
            while let (command, text) = try await tasks.next() {
                diagnostics[command.object] = text
                progress?(diagnostics.count, compilations.count, command.source.lastPathComponent)
                if let next = waiting.popFirst() {
                    tasks.addTask { (next.command, try await one(next)) }
                }
            }
        }
        return compilations.compactMap { diagnostics[$0.command.object] }.joined()
    }

    private func compile(
        _ command: CompileCommand, _ flags: [String], to object: URL, _ staging: Staging
    ) async throws -> String {
        try createFolder(object.deletingLastPathComponent())
        let output = try await run(flags + arguments(command) + ["-o", object.filePath])
        guard output.succeeded else {
            try await checkPlaces(staging, for: [command.source.filePath])
            throw ToolchainError.compilationFailed(
                file: command.source.filePath, diagnostics: said(output))
        }
        return output.stderr
    }

    /// Tools write to two places: what they make, and what they need meanwhile.
    private func checkPlaces(_ staging: Staging, for inputs: [String]) async throws {
        try checkRoom(in: staging.folder, for: inputs)
        try await withTemporaryFolder { try checkRoom(in: $0, for: inputs) }
    }

    private func run(_ arguments: [String]) async throws -> Program.Output {
        try await Program.run(
            compiler.path, arguments: arguments, environment: environment, group: .own)
    }

    private func arguments(_ command: CompileCommand) -> [String] {
        command.flags + ["-c", command.source.filePath]
    }

    private func objectFile(_ command: CompileCommand, in root: URL) -> URL {
        root.appendingPathComponent("objects").appendingPathComponent(command.object)
    }

    // MARK: What is up to date

    private func recordFile(_ object: URL) -> URL { object.appendingPathExtension("record") }

    private func upToDate(_ command: CompileCommand, _ records: [String: String]) -> Bool {
        let object = objectFile(command, in: folder)
        return FileManager.default.fileExists(atPath: object.filePath)
            && (try? String(contentsOf: recordFile(object), encoding: .utf8))
                == records[command.object]
    }

    /// All that each object depends on: the compiler, the command line, and the facts of each file. They are compared
    /// for equality, so a file that became older counts as changed too.
    private func records(of recipe: BuildRecipe) throws -> [String: String] {
        let maker =
            try [compiler.path, compiler.version] + compiler.compileFlags(recipe.threading)
        let headers = recipe.headers.map { FileFacts(of: $0).description }
        return Dictionary(
            uniqueKeysWithValues: recipe.commands.map { command in
                let files = [FileFacts(of: command.source).description] + headers
                let words = maker + arguments(command) + files
                return (command.object, words.joined(separator: "\n") + "\n")
            })
    }

    // MARK: Archiving and linking

    private func make(
        _ product: Product, _ objects: [String: String], _ threading: Threading, _ staging: Staging
    ) async throws {
        let output = staging.folder.appendingPathComponent(product.name)
        try createFolder(output.deletingLastPathComponent())
        let inputs = try product.objects.map { name in
            guard let path = objects[name] else {
                throw ToolchainError.linkingFailed(
                    product: product.name, diagnostics: "no source makes the object \(name)")
            }
            return path
        }
        let (tool, arguments) = try link(product, inputs, threading, to: output.filePath)
        let result = try await Program.run(
            tool, arguments: arguments, environment: environment, group: .own)
        guard result.succeeded else {
            try await checkPlaces(staging, for: inputs)
            throw ToolchainError.linkingFailed(product: product.name, diagnostics: said(result))
        }
    }

    private func link(
        _ product: Product, _ inputs: [String], _ threading: Threading, to output: String
    ) throws -> (tool: String, arguments: [String]) {
        let libraries = try product.libraries + compiler.linkFlags(threading) + ["-lm"]
        switch product.kind {
        case .archive:
            return (try archiver(), [Platform.archiveFlags, output] + inputs)
        case .sharedLibrary(let soname):
            let flags = ["-shared"] + Platform.sharedLibraryFlags(soname: soname)
            return (compiler.path, flags + inputs + ["-o", output] + libraries)
        case .executable:
            return (compiler.path, inputs + ["-o", output] + libraries)
        }
    }

    private func archiver() throws -> String {
        guard let path = ProgramSearch(environment: environment).find("ar") else {
            throw ToolchainError.missingTool(
                name: "ar", advice: "put it on the PATH (apt-get install binutils)")
        }
        return path
    }

    /// Some tools explain themselves on stdout, some not at all.
    private func said(_ output: Program.Output) -> String {
        let text = output.stderr + output.stdout
        return text.isEmpty ? output.status.description : text
    }
}

/// What differs between the systems' linkers.
private enum Platform {
    #if os(macOS)
        static let archiveFlags = "rcs"
        static func sharedLibraryFlags(soname: String) -> [String] {
            ["-install_name", "@rpath/\(soname)"]
        }
    #else
        static let archiveFlags = "rcsD"
        static func sharedLibraryFlags(soname: String) -> [String] {
            // A symbol that is missing is an error here, not in the program that opens the library.
            // OpenMP's threads outlive a run, and what is called after a fork the library itself: their
            // code stays after dlclose.
            ["-Wl,-soname,\(soname)", "-Wl,-z,defs", "-Wl,-z,nodelete"]
        }
    #endif
}
