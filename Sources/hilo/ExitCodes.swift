import ArgumentParser
import ArrayFiles
import FileIO
import Foundation
import HiLoKit
import ImageFiles
import Packaging
import Tuning

/// How the program ends; sysexits.h has the numbers.
enum ExitStatus: Int32 {
    case checkFailed = 1
    case usage = 64
    case badData = 65
    case noToolchain = 69
    case internalError = 70
    case cannotWrite = 73
}

/// Flags that contradict each other or ask for what does not exist.
struct UsageError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A file that does not hold what it should.
struct InputError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description.printable }
}

/// A file that cannot be written.
struct OutputError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A verification that found faults.
struct CheckFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// An error that knows the program's exit code.
private protocol Classified {
    var exitStatus: ExitStatus { get }
}

extension UsageError: Classified { var exitStatus: ExitStatus { .usage } }
extension InputError: Classified { var exitStatus: ExitStatus { .badData } }
extension OutputError: Classified { var exitStatus: ExitStatus { .cannotWrite } }
extension CheckFailure: Classified { var exitStatus: ExitStatus { .checkFailed } }

// Networks and targets come from flags here; those from files are thrown as `InputError`.
extension NetworkError: Classified { var exitStatus: ExitStatus { .usage } }
extension PlanError: Classified { var exitStatus: ExitStatus { .usage } }

extension FileError: Classified { var exitStatus: ExitStatus { .badData } }
extension TuningFile.Damage: Classified { var exitStatus: ExitStatus { .badData } }
extension CalibrationError: Classified { var exitStatus: ExitStatus { .badData } }
// The promise of --max-drop.
extension LiftingError: Classified { var exitStatus: ExitStatus { .checkFailed } }
extension NPYError: Classified { var exitStatus: ExitStatus { .badData } }

extension ImageFileError: Classified {
    var exitStatus: ExitStatus { reason == .unwritable ? .cannotWrite : .badData }
}

extension CheckpointError: Classified {
    var exitStatus: ExitStatus { kind == .unwritable ? .cannotWrite : .badData }
}

extension LibraryError: Classified {
    var exitStatus: ExitStatus {
        switch self {
        case .notALibrary, .badWeights: .badData
        case .notBuilt: .internalError
        case .otherArchitecture: .noToolchain
        case .cannotWrite: .cannotWrite
        // The harness uses the same codes.
        case .harness(let code, _): ExitStatus(rawValue: code) ?? .internalError
        }
    }
}

extension ToolchainError: Classified {
    var exitStatus: ExitStatus {
        switch self {
        case .noCompiler, .missingTool: .noToolchain
        case .cannotWrite: .cannotWrite
        case .cannotRun, .timedOut, .compilationFailed, .linkingFailed: .internalError
        }
    }
}

extension PackagingError: Classified {
    var exitStatus: ExitStatus {
        switch self {
        case .badName, .otherTeam: .usage
        case .otherVersion, .otherMachine: .badData
        case .cannotWrite: .cannotWrite
        }
    }
}

extension Hilo {
    /// Ends the program: a message on stderr and the code of the error.
    static func exit(after error: any Error) -> Never {
        if let error = error as? any Classified {
            end(error.exitStatus, "\(error)")
        }
        switch exitCode(for: error) {
        case .success: exit(withError: error)
        case .validationFailure:
            // The parser's text begins with a label of its own.
            end(.usage, fullMessage(for: error).replacing(#/^Error: /#, with: ""))
        default: end(.internalError, "internal error: \(error)")
        }
    }

    private static func end(_ status: ExitStatus, _ message: String) -> Never {
        Console.note("error: \(message)")
        Foundation.exit(status.rawValue)
    }
}
