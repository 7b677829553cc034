import Foundation

/// One C file and the object it becomes.
public struct CompileCommand: Sendable, Equatable {
    public let source: URL
    /// Name of the object under the build folder's `objects`, such as `gemm.o`.
    public let object: String
    /// Flags of this file; those of the recipe's threading come before them.
    public let flags: [String]
    /// The header that the source includes first, where many sources have that one.
    public let prefix: URL?

    public init(source: URL, object: String, flags: [String], prefix: URL? = nil) {
        self.source = source
        self.object = object
        self.flags = flags
        self.prefix = prefix
    }
}

/// What becomes of objects.
public struct Product: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// An archive with the same bytes for the same objects.
        case archive
        /// A shared library that calls itself `soname`.
        case sharedLibrary(soname: String)
        case executable
    }

    public let kind: Kind
    /// File name in the build folder, such as `libNAME.so`.
    public let name: String
    /// Objects by the names of their `CompileCommand`s.
    public let objects: [String]
    /// Further arguments of the linker, such as `-lopenblas`; unused for archives.
    public let libraries: [String]

    public init(_ kind: Kind, name: String, objects: [String], libraries: [String] = []) {
        self.kind = kind
        self.name = name
        self.objects = objects
        self.libraries = libraries
    }
}

/// Where a program's threads come from.
public enum Threading: Sendable, Equatable {
    /// The compiler's OpenMP.
    case openMP
    /// The system alone.
    case posix
}

/// Everything a build makes.
public struct BuildRecipe: Sendable, Equatable {
    public let commands: [CompileCommand]
    public let threading: Threading
    /// Files that any source may include: when one changes, everything is compiled again.
    public let headers: [URL]
    public let products: [Product]

    /// - Precondition: no two commands make the same object.
    public init(
        commands: [CompileCommand], headers: [URL] = [], products: [Product],
        threading: Threading = .openMP
    ) {
        precondition(
            Set(commands.map(\.object)).count == commands.count,
            "two compile commands make the same object")
        self.commands = commands
        self.threading = threading
        self.headers = headers
        self.products = products
    }
}

/// What a build did.
public struct BuildReport: Sendable, Equatable {
    /// The products in the order of the recipe.
    public let products: [URL]
    /// Sources that were compiled, by path; the others were up to date.
    public let compiled: [String]
    /// What the compiler said of files that it accepted: its warnings.
    public let diagnostics: String
}
