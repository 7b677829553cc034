import Foundation
import Graphs
import Machines
import Planning
import Toolchain

/// What the generated program of a library does: verify, run and time it.
extension GeneratedLibrary {
    /// Whether `build` has made the program.
    public var isBuilt: Bool { FileManager.default.isExecutableFile(atPath: harness.path) }

    /// How a run of the network went.
    public struct RunReport: Sendable, Decodable {
        /// In all.
        public let images: Int
        /// Images of one call.
        public let batch: Int
        public let threads: Int
        /// Of one call, the median of all.
        public let milliseconds: Double
    }

    /// Runs the network on an array.
    ///
    /// - Parameters:
    ///   - input: a .npy file: float32 of N × `inputShape`, or uint8 of height × width × RGB,
    ///     which the library preprocesses.
    ///   - output: gets float32 of N × the output's shape; of a library with several outputs it is
    ///     a folder, which gets stage1.npy and so on.
    ///   - resolution: one that the library holds; nil is the first.
    ///   - threads: nil is what the library chooses.
    ///   - isa: whose kernels run; nil is the best that this CPU has.
    /// - Throws: `LibraryError.harness`, `.notBuilt`.
    @discardableResult
    public func run(
        input: URL, output: URL, resolution: Resolution? = nil, threads: Int? = nil,
        isa: ISA? = nil
    ) async throws -> RunReport {
        let raw = plan.network.findings == nil ? [] : ["--raw"]
        let result = try await runHarness(
            runArguments(input, output, resolution, threads, isa) + raw)
        return try decode(RunReport.self, result.stdout)
    }

    func runArguments(
        _ input: URL, _ output: URL, _ resolution: Resolution?, _ threads: Int?, _ isa: ISA?
    ) -> [String] {
        [
            "run", "--weights", weightsFile.path, "--input", input.path, "--output", output.path,
            "--json",
        ] + option("--resolution", resolution) + option("--threads", threads)
            + option("--isa", isa)
    }

    /// Times the network.
    ///
    /// - Parameters:
    ///   - seconds: how long to measure; nil is what the program chooses.
    ///   - profile: also times each kernel.
    ///   - json: one JSON object instead of text.
    /// - Returns: the program's report.
    /// - Throws: `LibraryError.harness`, `.notBuilt`.
    public func benchmark(
        resolution: Resolution? = nil, batch: Int? = nil, threads: Int? = nil,
        seconds: Double? = nil, profile: Bool = false, json: Bool = false
    ) async throws -> String {
        let options =
            option("--resolution", resolution)
            + option("--batch", batch) + option("--threads", threads)
            + option("--seconds", seconds)
        let flags = (profile ? ["--profile"] : []) + (json ? ["--json"] : [])
        return try await runHarness(
            ["bench", "--weights", weightsFile.path] + options + flags
        ).stdout
    }

    /// How long the network takes on this machine, step by step.
    public struct Profile: Sendable, Decodable {
        /// Of one call, over all runs.
        public let medianMilliseconds, p10Milliseconds, p90Milliseconds: Double
        public let imagesPerSecond: Double
        public let batch, threads, runs: Int
        /// Of the network's multiply-accumulates, each counted as two.
        public let gigaflops: Double
        /// Of a loop of nothing but multiply-adds on as many threads, measured in between.
        public let peakGigaflops: Double
        /// Mean time of each of the plan's steps.
        public let stepMilliseconds: [Double]

        private enum CodingKeys: String, CodingKey {
            case medianMilliseconds = "median_ms"
            case p10Milliseconds = "p10_ms"
            case p90Milliseconds = "p90_ms"
            case imagesPerSecond = "images_per_second"
            case batch, threads, runs
            case gigaflops = "gflops"
            case peakGigaflops = "peak_gflops"
            case stepMilliseconds = "step_ms"
        }
    }

    /// Times every step of the network.
    ///
    /// - Throws: `LibraryError.harness`, also when the program is of another version; `.notBuilt`.
    public func profile(
        resolution: Resolution? = nil, batch: Int? = nil, threads: Int? = nil,
        seconds: Double? = nil
    ) async throws -> Profile {
        let json = try await benchmark(
            resolution: resolution, batch: batch, threads: threads, seconds: seconds,
            profile: true, json: true)
        let profile = try decode(Profile.self, json)
        let pass = bestPass(at: resolution).pass
        guard profile.stepMilliseconds.count == pass.steps.count else {
            throw LibraryError.harness(
                code: 0,
                "\(harness.path): expected times of \(pass.steps.count) steps, found "
                    + "\(profile.stepMilliseconds.count); generate and build the library again")
        }
        return profile
    }

    /// Runs the program.
    ///
    /// - Parameter codes: exit codes that are results; others are errors.
    /// - Throws: `LibraryError.harness` with the program's message, `.notBuilt`.
    package func runHarness(_ arguments: [String], accepting codes: Set<Int32> = [0]) async throws
        -> Program.Output
    {
        guard isBuilt else {
            throw LibraryError.notBuilt("\(folder.path): not built; run 'hilo build' first")
        }
        let output = try await Program.run(harness.path, arguments: arguments)
        switch output.status {
        case .exited(let code) where codes.contains(code): return output
        case .exited(let code): throw LibraryError.harness(code: code, message(output))
        case .signalled(let signal):
            throw LibraryError.harness(
                code: 128 + signal, "\(harness.path): \(output.status); \(message(output))")
        }
    }

    /// What the program said, without its own name at the beginning.
    private func message(_ output: Program.Output) -> String {
        let lines = output.stderr.split(separator: "\n").map {
            $0.hasPrefix("\(harness.path): ") ? $0.dropFirst(harness.path.count + 2) : $0
        }
        return lines.isEmpty
            ? "\(harness.path) ended with \(output.status)" : lines.joined(separator: "\n")
    }

    func option(_ name: String, _ value: (some CustomStringConvertible)?) -> [String] {
        value.map { [name, $0.description] } ?? []
    }

    /// A value from what the program printed.
    package func decode<Value: Decodable>(_ type: Value.Type, _ json: String) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(json.utf8))
        } catch {
            throw LibraryError.harness(
                code: 0,
                "\(harness.path): unexpected output; build the library again: \(json.prefix(200))")
        }
    }
}
