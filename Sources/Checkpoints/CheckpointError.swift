import FileIO
import Foundation

/// Why a checkpoint could not be read, matched or written, told so that a stranger can act on it.
public struct CheckpointError: Error, Sendable, Equatable {
    /// What went wrong, coarsely: `unwritable` is exit code 73, everything else 65.
    public enum Kind: String, Sendable {
        /// The file is missing, is a directory, or may not be read.
        case unreadable
        /// The bytes contradict themselves or end too early.
        case damaged
        /// A sound file of a kind that is not read.
        case unsupported
        /// A sound checkpoint of another network.
        case mismatch
        /// The output could not be written.
        case unwritable
    }

    /// The file, as the caller named it.
    public let path: String
    let flaw: Flaw

    public var kind: Kind { flaw.kind }
    // A flaw quotes names from the file as they are; from here on they can be printed.
    /// What is wrong, in one sentence.
    public var problem: String { flaw.problem.printable }
    /// What would have been right, when that is not plain from `problem`.
    public var expected: String? { flaw.expected?.printable }
    /// One line for each tensor or entry concerned.
    public var details: [String] { flaw.details.map(\.printable) }
    /// What to do next.
    public var hint: String? { flaw.hint?.printable }
}

extension CheckpointError: CustomStringConvertible, LocalizedError {
    public var description: String {
        var lines = ["\(path.printable): \(problem)"]
        lines += details.map { "  \($0)" }
        if let expected { lines.append("  expected: \(expected)") }
        if let hint { lines.append("  hint: \(hint)") }
        return lines.joined(separator: "\n")
    }

    public var errorDescription: String? { description }
}

/// A `CheckpointError` on its way up to the code that knows the path.
struct Flaw: Error, Equatable {
    let kind: CheckpointError.Kind
    let problem: String
    var expected: String?
    var details: [String] = []
    var hint: String?

    static func damaged(_ problem: String, expected: String? = nil) -> Flaw {
        Flaw(
            kind: .damaged, problem: problem, expected: expected,
            hint: "the file is damaged or incomplete: copy or download it again")
    }

    static func unsupported(_ problem: String, expected: String? = nil, hint: String) -> Flaw {
        Flaw(kind: .unsupported, problem: problem, expected: expected, hint: hint)
    }

    /// Conditional, because loading a pickle in Python runs what it says.
    static let resave =
        "if you trust its origin, load it in PyTorch and write "
        + "torch.save(model.state_dict(), 'new.pth')"
}

/// Runs `body`, which reads a file, and gives every flaw it throws the path of the file.
func blaming<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
        return try body()
    } catch let flaw as Flaw {
        throw CheckpointError(path: path, flaw: flaw)
    } catch let error as FileError {
        throw CheckpointError(path: path, flaw: Flaw(reading: error))
    }
}

/// `64×3×4×4`, or `scalar` for rank 0.
func describe(shape: [Int]) -> String {
    shape.isEmpty ? "scalar" : shape.map(String.init).joined(separator: "×")
}
