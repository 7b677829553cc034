/// Why a program could not be found, run or built, and what to do next.
public enum ToolchainError: Error, Equatable, CustomStringConvertible {
    /// No candidate builds programs that run, with OpenMP or without.
    case noCompiler(tried: [RejectedCompiler])
    /// A tool other than the compiler is missing, or the compiler's OpenMP.
    case missingTool(name: String, advice: String)
    /// The system did not start the program, it broke off, or it wrote more than can be taken in.
    case cannotRun(program: String, reason: String)
    /// The program ran longer than it was given; it has been killed.
    case timedOut(program: String, limit: Duration)
    /// The compiler refused a file; the text is the compiler's own.
    case compilationFailed(file: String, diagnostics: String)
    /// The archiver or linker refused to make a product.
    case linkingFailed(product: String, diagnostics: String)
    /// A file or folder could not be made.
    case cannotWrite(path: String, reason: String)

    public var description: String {
        switch self {
        case .noCompiler(let tried):
            let list = tried.map { "\n  \($0)" }.joined()
            return "no C compiler here builds programs that run; tried:"
                + (list.isEmpty ? " none, no compiler was found" : list)
                + "\ninstall one (apt-get install clang libomp-dev, or apt-get install gcc) "
                + "or name one in HILO_CC"
        case .missingTool(let name, let advice):
            return "\(name) was not found; \(advice)"
        case .cannotRun(let program, let reason):
            return "\(program): cannot be run: \(reason)"
        case .timedOut(let program, let limit):
            return "\(program): still running after \(limit), killed"
        case .compilationFailed(let file, let diagnostics):
            return "\(file): does not compile:\n\(diagnostics)"
        case .linkingFailed(let product, let diagnostics):
            return "\(product): does not link:\n\(diagnostics)"
        case .cannotWrite(let path, let reason):
            return "\(path): cannot be written: \(reason)"
        }
    }
}

/// A compiler that was tried in vain.
public struct RejectedCompiler: Sendable, Equatable, CustomStringConvertible {
    /// Path or name, with the variable it came from.
    public let compiler: String
    /// The first thing that went wrong.
    public let reason: String

    public init(compiler: String, reason: String) {
        self.compiler = compiler
        self.reason = reason
    }

    public var description: String { "\(compiler): \(reason)" }
}
