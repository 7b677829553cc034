import Foundation
import HiLoKit
import TestFixtures
import Toolchain

/// How a run of the program ended.
struct Ending {
    let status: Int32
    let stdout: String
    let stderr: String
}

/// A folder in which a test runs `hilo`.
final class Sandbox: TemporaryFolder {
    private let compiler: [String: String]

    /// - Parameter optimised: for kernels that run for long, or are to be a user's: with `hilo`'s own compiler also in
    ///   `make test`.
    init(optimised: Bool = false) throws {
        compiler = optimised || TestScope.isLong ? [:] : ["HILO_CC": Compiler.hastyProgram]
        try super.init()
    }

    deinit { try? FileManager.default.removeItem(at: cache) }

    /// Tuning records of this test alone.
    private var cache: URL { folder.appendingPathExtension("cache") }

    /// Runs `hilo` in the folder, or in one below it.
    func hilo(
        _ arguments: String..., in subfolder: String = "", environment: [String: String] = [:]
    ) async throws -> Ending {
        try await hilo(arguments, in: subfolder, environment: environment)
    }

    func hilo(
        _ arguments: [String], in subfolder: String = "", environment: [String: String] = [:]
    ) async throws -> Ending {
        try await run(program, arguments, in: subfolder, environment: environment)
    }

    /// Runs a program in the folder, or in one below it.
    func run(
        _ program: URL, _ arguments: [String], in subfolder: String = "",
        environment: [String: String] = [:]
    ) async throws -> Ending {
        // Files rather than pipes: a pipe that nobody reads would stop the program. They lie
        // outside the folder, whose contents tests compare.
        let outputs = try ["out", "err"].map { name in
            let file = folder.appendingPathExtension(name + UUID().uuidString)
            try Data().write(to: file)
            return file
        }
        defer { for file in outputs { try? FileManager.default.removeItem(at: file) } }
        let status = try await launch(
            program, arguments, in: subfolder, environment, stdout: outputs[0], stderr: outputs[1])
        return Ending(
            status: status, stdout: try String(contentsOf: outputs[0], encoding: .utf8),
            stderr: try String(contentsOf: outputs[1], encoding: .utf8))
    }

    /// The exit status of `hilo` when its results go to `path`.
    func hiloWriting(to path: String, _ arguments: [String]) async throws -> Int32 {
        try await launch(
            program, arguments, in: "", [:], stdout: URL(fileURLWithPath: path),
            stderr: URL(fileURLWithPath: "/dev/null"))
    }

    /// - Returns: the exit status; -1 when a signal ended the program.
    private func launch(
        _ program: URL, _ arguments: [String], in subfolder: String,
        _ environment: [String: String], stdout: URL, stderr: URL
    ) async throws -> Int32 {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.currentDirectoryURL = subfolder.isEmpty ? folder : file(subfolder)
        // Nobody's tuning records may change what a test generates.
        process.environment = ProcessInfo.processInfo.environment
            .merging(["HILO_CACHE": cache.path]) { $1 }.merging(compiler) { $1 }
            .merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: stdout)
        process.standardError = try FileHandle(forWritingTo: stderr)
        shareMeasurements(from: Self.measurements, to: cache)
        try process.run()
        await process.end()
        shareMeasurements(from: cache, to: Self.measurements)
        return process.terminationReason == .exit ? process.terminationStatus : -1
    }

    /// What is measured of this machine takes seconds of both processors, so one test does it for all.
    private static let measurements: URL = {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "hilo-tests-machine-\(ProcessInfo.processInfo.processIdentifier)")
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        atexit { try? FileManager.default.removeItem(at: Sandbox.measurements) }
        return folder
    }()

    private func shareMeasurements(from source: URL, to target: URL) {
        let (found, kept) = (
            source.appending(path: "machines.json"), target.appending(path: "machines.json")
        )
        guard !FileManager.default.fileExists(atPath: kept.path),
            let measured = try? Data(contentsOf: found)
        else { return }
        try? FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
        try? measured.write(to: kept, options: .atomic)
    }

    /// The program lies beside the tests.
    var program: URL {
        let tests = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        return tests.deletingLastPathComponent().appending(path: "hilo")
    }
}

extension Process {
    /// Waits until the program, which runs, has ended. Tests have as many threads as there are processors, and what
    /// the program waits for, such as a lock of a build, may be a test's that needs one: none waits in here.
    func end() async {
        while isRunning { try? await Task.sleep(for: .milliseconds(5)) }
    }
}

// MARK: - Networks and weights

extension Sandbox {
    func writeConfiguration() throws { try write("tiny.yaml", Sample.yaml) }

    /// Writes a checkpoint of the network in `Sample.yaml`.
    ///
    /// - Parameter change: makes other tensors of the right ones.
    func writeCheckpoint(
        _ name: String, change: ([Parameter]) -> [Parameter] = { $0 }
    ) throws {
        let network = Network(try LITv2(yaml: Sample.yaml, source: "tiny.yaml"))
        let parameters = change(network.parameters)
        let values = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0) })
        try SafetensorsWriter(
            tensors: parameters.map {
                .init(name: $0.name, elementType: .float32, shape: $0.shape)
            }
        ).write(to: file(name).path) { tensor in
            (values[tensor.name]?.seededValues(seed: 3) ?? []).withUnsafeBytes { Data($0) }
        }
    }
}
