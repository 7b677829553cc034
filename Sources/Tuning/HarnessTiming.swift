import CodeGeneration
import Foundation
import HiLoKit
import Planning
import Toolchain

/// How long a kernel takes among its rivals.
struct KernelTime: Sendable, Decodable {
    let name: String
    /// The lower quartile of its times, in milliseconds.
    let quartile: Double
    /// Of the peak of all threads.
    let peakShare: Double

    private enum CodingKeys: String, CodingKey {
        case name
        case quartile = "quartile_ms"
        case peakShare = "fraction"
    }
}

/// What a library's program measures for the tuner.
struct HarnessTiming: Sendable {
    let library: GeneratedLibrary
    let threads: Int
    let batch: Int

    private struct Verdict: Decodable {
        struct Kernel: Decodable {
            let ok: Bool
            let problem: String?
        }

        let kernels: [Kernel]
    }

    private struct Times: Decodable { let kernels: [KernelTime] }

    /// Of some systems' clock, in milliseconds: a tiny network can seem to take no time at all.
    private static let clockResolution = 1e-3

    private struct Bench: Decodable {
        let milliseconds: Double
        private enum CodingKeys: String, CodingKey { case milliseconds = "median_ms" }
    }

    /// What is wrong with a kernel; nil when it agrees with the reference. It runs in a process of
    /// its own, so that a crash is that kernel's failure.
    func problem(of name: String) async throws -> String? {
        do {
            let output = try await library.runHarness(
                ["verify", "--kernel", name, "--threads", "\(threads)", "--json"],
                accepting: [0, 1])
            let verdict = try library.decode(Verdict.self, output.stdout).kernels.first
            if output.succeeded, verdict?.ok == true { return nil }
            return verdict?.problem ?? "nothing was compared"
        } catch LibraryError.harness(let code, let text) where code > 128 {
            return text
        }
    }

    /// Times kernels by turns.
    func times(of names: [String], rounds: Int, seconds: Double) async throws -> [KernelTime] {
        let file = GeneratedFile(
            path: "kernels.txt", contents: names.joined(separator: "\n"))
        let list = library.folder.appending(path: file.path)
        try file.write(to: list)
        var arguments = [
            "time", "--kernels", list.path, "--threads", "\(threads)", "--batch", "\(batch)",
            "--rounds", "\(rounds)", "--json",
        ]
        if seconds.isFinite { arguments += ["--seconds", "\(max(0.05, seconds))"] }
        let output = try await library.runHarness(arguments)
        return try library.decode(Times.self, output.stdout).kernels
    }

    /// Milliseconds of one call of the whole network, the median.
    func networkTime(weights: URL, seconds: Double) async throws -> Double {
        let output = try await library.runHarness([
            "bench", "--weights", weights.path, "--threads", "\(threads)", "--batch", "\(batch)",
            "--seconds", "\(seconds)", "--json",
        ])
        let bench = try library.decode(Bench.self, output.stdout)
        return max(bench.milliseconds, Self.clockResolution)
    }
}
