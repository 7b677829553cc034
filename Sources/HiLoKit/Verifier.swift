import ArrayFiles
import Foundation
import Graphs
import Machines
import Networks
import Planning
import Reference
import Toolchain

/// Verifies a built library: every kernel, the C API, and the whole network, each against what it
/// should be.
public struct Verifier: Sendable {
    /// Told before each check: checks done, checks in all, and what is next.
    public typealias Progress = @Sendable (_ done: Int, _ total: Int, _ next: String) -> Void

    /// Images through the whole network; one where the reference takes minutes.
    static func images(at resolution: Resolution) -> Int { resolution.count <= 512 * 512 ? 2 : 1 }
    /// Largest difference in units of the largest value. Each product of bf16 is off by up to half a percent, and
    /// of all values of a map the worst is off by up to 7 (LITv2-S, random weights). Those of integers are off by up to
    /// 19 (the last map of LITv2-B, random weights), where the reference cuts off what they cut off. That is no measure
    /// of accuracy: kernels are verified one by one, and this shows whether they fit together.
    static func tolerance(_ precision: Precision) -> Double {
        switch precision {
        case .f32: 1e-4
        case .bf16, .bf16Weights: 0.15
        case .int8: 0.3
        }
    }

    private let library: GeneratedLibrary
    private let packed: PackedWeights
    private let seed: UInt64
    private let threads: Int?
    /// Where the reference's weights come from.
    public let source: ReferenceSource

    /// - Parameters:
    ///   - checkpoint: what the library was made from; without one, the reference takes the seed
    ///     that the packed weights name, else the packed weights themselves.
    ///   - seed: of the random inputs.
    ///   - threads: nil is what the library chooses.
    /// - Throws: `CheckpointError` and `LibraryError.badWeights` when the packed weights are not
    ///   the library's.
    public init(
        _ library: GeneratedLibrary, checkpoint: Checkpoint? = nil, seed: UInt64 = 1,
        threads: Int? = nil
    ) throws {
        self.library = library
        self.seed = seed
        self.threads = threads
        packed = try PackedWeights(of: library)
        source = checkpoint.map { .checkpoint($0) } ?? packed.seed.map { .seed($0) } ?? .packed
    }

    /// - Throws: `LibraryError` when the library is not built or its program does not work;
    ///   `CheckpointError` when the checkpoint is one of another network.
    public func verify(progress: Progress? = nil) async throws -> Verification {
        var expectations = Expectations(try referenceWeights(), try packed.limits())
        let (names, skipped) = try await kernelNames()
        let isas = library.runnable()
        let passes = library.plan.resolutions
        let total = names.count + isas.count * (1 + passes.count)
        var kernels: [Verification.Comparison] = []
        for (index, name) in names.enumerated() {
            progress?(index, total, name)
            kernels.append(try await verify(kernel: name))
        }
        var interface = Verification.Interface(checks: 0, failures: [])
        var network: [Verification.Comparison] = []
        for (index, isa) in isas.enumerated() {
            let done = names.count + index * (1 + passes.count)
            progress?(done, total, "C API with \(isa)")
            interface = interface + (try await verifyInterface(isa))
            for (place, resolution) in passes.enumerated() {
                progress?(done + 1 + place, total, "network at \(resolution) with \(isa)")
                network += try await verifyNetwork(
                    try self.network.at(resolution), isa, &expectations)
            }
        }
        return Verification(
            seed: seed, kernels: kernels, skipped: skipped, interface: interface,
            network: network)
    }

    private func referenceWeights() throws -> Weights {
        switch source {
        case .checkpoint(let file): try WeightSource.checkpoint(file).weights(for: network)
        case .seed(let seed): try WeightSource.seed(seed).weights(for: network)
        case .packed: try packed.unpacked()
        }
    }

    private var network: Network { library.plan.network }
}

// MARK: - Kernels

extension Verifier {
    private struct Entry: Decodable {
        let name: String
        /// Whether this CPU can run it.
        let runs: Bool
    }

    private struct Report: Decodable {
        struct Kernel: Decodable {
            let ok: Bool
            let error, bound: Double?
            let problem: String?
        }

        let kernels: [Kernel]
    }

    /// The kernels that are really in the program, those that this CPU cannot run apart.
    private func kernelNames() async throws -> (runnable: [String], others: [String]) {
        let entries = try await library.runHarness(["kernels"]).stdout.split(separator: "\n")
            .map { try library.decode(Entry.self, String($0)) }
        return (entries.filter(\.runs).map(\.name), entries.filter { !$0.runs }.map(\.name))
    }

    /// Each kernel runs in a process of its own, so that a crash is that kernel's failure.
    private func verify(kernel name: String) async throws -> Verification.Comparison {
        let command = ["verify", "--kernel", name, "--seed", "\(seed)"] + threadOption
        do {
            let output = try await library.runHarness(command + ["--json"], accepting: [0, 1])
            let found = try library.decode(Report.self, output.stdout).kernels.first
            let passed = output.succeeded && found?.ok == true
            let problem = found?.problem ?? (passed ? nil : "nothing was compared")
            return Verification.Comparison(
                name: name, passed: passed, error: found?.error, bound: found?.bound,
                problem: problem.map { "\($0)\nrepeat: \(repetition(command))" })
        } catch LibraryError.harness(let code, let text) where code > 128 {
            return Verification.Comparison(
                name: name, passed: false, error: nil, bound: nil,
                problem: "\(text)\nrepeat: \(repetition(command))")
        }
    }

    private func repetition(_ command: [String]) -> String {
        ([library.harness.path] + command).joined(separator: " ")
    }

    private var threadOption: [String] { threads.map { ["--threads", "\($0)"] } ?? [] }
}

// MARK: - C API

extension Verifier {
    private func verifyInterface(_ isa: ISA) async throws -> Verification.Interface {
        let output = try await library.runHarness(
            ["api", "--weights", library.weightsFile.path, "--isa", isa.name], accepting: [0, 1])
        let lines = output.stdout.split(separator: "\n")
        let kept = lines.count { $0.hasPrefix("ok ") }
        var failures = lines.filter { $0.hasPrefix("FAILED ") }
            .map { $0.dropFirst("FAILED ".count).trimmingCharacters(in: .whitespaces) }
        if !output.succeeded, failures.isEmpty { failures = ["the check ended with 1"] }
        return Verification.Interface(checks: kept + failures.count, failures: failures)
    }
}

// MARK: - Network

extension Verifier {
    /// What the network should return: the same for every instruction set, and minutes of work.
    private struct Expectations {
        private struct Known {
            let continued: [[Float]]
            let outputs: [[Double]]
        }

        private let weights: Weights
        /// Random images are none that integers were made for, so the reference cuts off what they cut off.
        private let limits: [String: [ClosedRange<Double>]]
        private var known: [Resolution: [Int: Known]] = [:]

        init(_ weights: Weights, _ limits: [String: [ClosedRange<Double>]]) {
            (self.weights, self.limits) = (weights, limits)
        }

        /// The outputs of an image, which is the same whenever a resolution is asked for.
        ///
        /// - Parameter found: what the library returned; the reference goes on from what is discrete.
        mutating func outputs(
            of network: Network, image: Int, _ input: [Float], found: [[Float]]
        ) throws -> [[Double]] {
            // Nothing goes on from the last output, whatever it is.
            let continued = zip(network.outputs, found).dropLast().filter(\.0.isDiscrete).map(\.1)
            if let known = known[network.resolution]?[image], known.continued == continued {
                return known.outputs
            }
            // Its maps have one size.
            let fixed = try network.at(network.resolution.fixed)
            let reference = ReferenceNetwork(fixed, limits: limits) { [weights] in weights[$0] }
            let outputs = try reference.outputs(input, continuing: found)
            known[network.resolution, default: [:]][image] = Known(
                continued: continued, outputs: outputs)
            return outputs
        }
    }

    private func verifyNetwork(
        _ network: Network, _ isa: ISA, _ expectations: inout Expectations
    ) async throws -> [Verification.Comparison] {
        let images = Self.images(at: network.resolution)
        let size = network.inputShape.reduce(1, *)
        let input = SeededValues(seed: seed, name: "input").values(images * size, scale: 2)
        let outputs = try await run(network, images: images, input, isa)
        return try (0..<images).flatMap { image in
            let found = zip(outputs, network.outputs).map { values, output in
                Array(values[image * output.count..<(image + 1) * output.count])
            }
            let expected = try expectations.outputs(
                of: network, image: image, Array(input[image * size..<(image + 1) * size]),
                found: found)
            return network.outputs.indices.map { index in
                let name = name(of: index, image: image, network, isa)
                guard network.outputs[index].isDiscrete else {
                    return compare(found[index][...], expected[index], name: name)
                }
                let flaw = network.flaw(in: found[index], ofOutput: index, beside: found)
                return Verification.Comparison(
                    name: name, passed: flaw == nil, error: nil, bound: nil, problem: flaw)
            }
        }
    }

    private func name(of output: Int, image: Int, _ network: Network, _ isa: ISA) -> String {
        let variant = library.plan.variants.count > 1 ? "\(isa), " : ""
        let resolution = library.plan.resolutions.count > 1 ? "\(network.resolution), " : ""
        let one = network.outputs[output]
        let label = network.outputs.count > 1 ? ", \(one.name)" : ""
        let part = one.stage.map { ", stage \($0)" } ?? label
        return "\(variant)\(resolution)image \(image)\(part)"
    }

    /// Each output, of all images.
    private func run(
        _ network: Network, images: Int, _ input: [Float], _ isa: ISA
    ) async throws -> [[Float]] {
        try await withTemporaryFolder { folder in
            let x = folder.appending(path: "x.npy")
            try NPYArray(shape: [images] + network.inputShape, values: input).write(to: x.path)
            return try await library.outputs(
                of: x, in: folder, resolution: network.resolution, threads: threads, isa: isa
            ).arrays.map(\.values)
        }
    }

    /// The largest difference against `tolerance` of the largest value; what is not finite fails.
    private func compare(_ output: ArraySlice<Float>, _ expected: [Double], name: String)
        -> Verification.Comparison
    {
        let differences = zip(output, expected).map { abs(Double($0) - $1) }
        let isFinite = differences.allSatisfy(\.isFinite) && expected.allSatisfy(\.isFinite)
        guard isFinite, output.count == expected.count, let error = differences.max(),
            let largest = expected.map(abs).max()
        else {
            return Verification.Comparison(
                name: name, passed: false, error: nil, bound: nil,
                problem: "the output or the reference is not finite")
        }
        let bound = Self.tolerance(library.plan.target.precision) * largest
        return Verification.Comparison(
            name: name, passed: error <= bound, error: error, bound: bound,
            problem: error <= bound ? nil : "differs from the reference in double precision")
    }
}
