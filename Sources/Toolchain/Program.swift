import Foundation
import Subprocess

/// Runs other programs by argument vectors; no shell ever reads them.
public enum Program {
    /// How a program ended.
    public enum Status: Sendable, Equatable, CustomStringConvertible {
        case exited(Int32)
        case signalled(Int32)

        public var description: String {
            switch self {
            case .exited(let code): "exit status \(code)"
            case .signalled(let signal): "killed by signal \(signal)"
            }
        }
    }

    /// What a program left behind.
    public struct Output: Sendable, Equatable {
        public let status: Status
        public let stdout: String
        public let stderr: String

        /// Whether it exited with status 0.
        public var succeeded: Bool { status == .exited(0) }
    }

    /// Which process group a program joins.
    public enum Group: Sendable {
        /// Ours: Ctrl-C at the terminal ends it with us. A time limit ends the program alone.
        case shared
        /// Its own: a time limit also ends the programs it started.
        case own
    }

    /// More output than this on stdout is an error; on stderr the rest is not kept.
    static let outputLimit = 64 << 20

    /// The path of a program on the `PATH`; nil when there is none.
    public static func find(_ name: String) -> String? {
        ProgramSearch(environment: ProcessInfo.processInfo.environment).find(name)
    }

    /// Runs a program to its end.
    ///
    /// - Parameters:
    ///   - executable: path of the program; names are not looked up.
    ///   - environment: the whole environment; nil is ours.
    ///   - timeout: after this the program is terminated, and killed if that does not help.
    ///   - input: what it reads from stdin.
    ///   - onErrorLine: called with each line of stderr when it is complete, in order.
    /// - Throws: `ToolchainError.cannotRun` or `.timedOut`; `CancellationError` when the task is
    ///   cancelled, which ends the program too. A status other than 0 is a result.
    public static func run(
        _ executable: String, arguments: [String] = [], environment: [String: String]? = nil,
        timeout: Duration? = nil, input: String = "", group: Group = .shared,
        onErrorLine: (@Sendable (String) -> Void)? = nil
    ) async throws -> Output {
        let command = Command(
            executable: executable, arguments: arguments, environment: environment, group: group,
            onErrorLine: onErrorLine)
        guard !input.isEmpty else { return try await limited(command, "/dev/null", timeout) }
        // A file, not a pipe: writing to a program that has ended would raise SIGPIPE.
        return try await withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("stdin")
            try write(input, to: file)
            return try await limited(command, file.filePath, timeout)
        }
    }

    private static func limited(_ command: Command, _ input: String, _ timeout: Duration?)
        async throws -> Output
    {
        guard let timeout else { return try await command.run(input: input) }
        return try await withThrowingTaskGroup(of: Output?.self) { tasks in
            tasks.addTask { try await command.run(input: input) }
            tasks.addTask {
                try await sleep(timeout)
                return nil
            }
            // Cancelling ends the program, and leaving the group waits until it has ended.
            defer { tasks.cancelAll() }
            if let first = try await tasks.next(), let output = first { return output }
            throw ToolchainError.timedOut(program: command.executable, limit: timeout)
        }
    }

    /// Sleeps in short steps, so that time in which this process itself does not come to run counts
    /// little: a program that ended long ago, unnoticed, has not reached its limit.
    private static func sleep(_ duration: Duration) async throws {
        let steps = 20
        for _ in 0..<steps { try await Task.sleep(for: duration / steps) }
    }
}

private struct Command: Sendable {
    let executable: String
    let arguments: [String]
    let environment: [String: String]?
    let group: Program.Group
    let onErrorLine: (@Sendable (String) -> Void)?

    func run(input: String) async throws -> Program.Output {
        guard let stdin = FileHandle(forReadingAtPath: input) else {
            throw ToolchainError.cannotRun(program: executable, reason: "\(input) cannot be read")
        }
        defer { try? stdin.close() }
        do {
            let result = try await Subprocess.run(
                .path(.init(executable)), arguments: Arguments(arguments),
                environment: subprocessEnvironment, platformOptions: options,
                input: .fileDescriptor(
                    .init(rawValue: stdin.fileDescriptor), closeAfterSpawningProcess: false),
                output: .string(limit: Program.outputLimit), error: .sequence
            ) { execution in
                var lines = LineReader(limit: Program.outputLimit, onLine: onErrorLine)
                for try await buffer in execution.standardError {
                    buffer.withUnsafeBytes { lines.append($0) }
                }
                return lines.finish()
            }
            try Task.checkCancellation()
            return Program.Output(
                status: status(result.terminationStatus), stdout: result.standardOutput,
                stderr: result.closureResult)
        } catch let error as SubprocessError {
            throw ToolchainError.cannotRun(program: executable, reason: "\(error)")
        }
    }

    private var subprocessEnvironment: Environment {
        guard let environment else { return .inherit }
        return .custom(environment.sorted { $0.key < $1.key }.map { Array("\($0)=\($1)\0".utf8) })
    }

    private var options: PlatformOptions {
        var options = PlatformOptions()
        if group == .own { options.processGroupID = 0 }
        options.teardownSequence = [
            .send(
                signal: .terminate, toProcessGroup: group == .own,
                allowedDurationToNextStep: .milliseconds(500))
        ]
        return options
    }

    private func status(_ status: TerminationStatus) -> Program.Status {
        switch status {
        case .exited(let code): .exited(code)
        case .signaled(let signal): .signalled(signal)
        }
    }
}
