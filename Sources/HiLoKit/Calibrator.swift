import CodeGeneration
import Foundation
import Graphs
import Machines
import Networks
import Planning
import Toolchain

/// Measures what values those tensors of a network take on images that can be integers of 8 bits: by
/// a library in single precision that returns these tensors, and whose program sums them up.
public struct Calibrator: Sendable {
    /// Images for the library.
    public enum Input: Sendable {
        /// A .npy file, as `GeneratedLibrary.run(input:output:)` takes it.
        case array(URL)
        /// A `PictureFile`, which the library prepares.
        case pictures(URL)
    }

    let library: GeneratedLibrary
    private let points: [QuantisedTensor]
    private let checksum: String
    /// Of each tensor; empty before the first input.
    private var totals: [ChannelTotals] = []

    /// How many there were.
    public var images: Int { totals.first?.images ?? 0 }

    /// Outputs of one call.
    private static let mostBytes = 256 << 20

    /// Writes the library.
    ///
    /// - Parameters:
    ///   - network: one for inputs of many sizes runs at the usual one.
    ///   - weights: of `network`.
    ///   - folder: a new one.
    /// - Throws: `CalibrationError` when the network has no such tensors; `LibraryError.cannotWrite`.
    public init(_ network: Network, _ weights: WeightSource.Matched, in folder: URL) throws {
        let network = try network.at(network.resolution.fixed)
        guard let observed = network.observed else {
            throw CalibrationError(
                "\(network.name): nothing in it can be integers of 8 bits; choose another precision"
            )
        }
        let bytes = observed.outputs.reduce(0) { $0 + 4 * $1.count }
        let batch = min(max(1, Self.mostBytes / bytes), 8)
        let target = try Target(isa: .native(for: .f32), maxBatch: batch)
        library = try LibraryGenerator(
            Planner(observed, target).plan(), weights, origin: "calibration"
        ).write(to: folder)
        points = network.quantisable
        checksum = weights.checksum(for: network)
    }

    /// Compiles the library, which must be done before the first input.
    ///
    /// - Throws: as `GeneratedLibrary.build`.
    public func build(with compiler: Compiler, progress: Build.Progress? = nil) async throws {
        try await library.build(with: compiler, progress: progress)
    }

    /// Runs the network on further images.
    ///
    /// - Parameter threads: nil is what the library chooses.
    /// - Throws: `CalibrationError` when a value is not finite; `LibraryError.harness`, `.notBuilt`.
    public mutating func add(_ input: Input, threads: Int? = nil) async throws {
        let added: [ChannelTotals]
        do {
            added = try await library.channelTotals(of: input, threads: threads)
        } catch LibraryError.harness(let code, let message) {
            throw notFinite(message, input) ?? LibraryError.harness(code: code, message)
        }
        guard added.map(\.channels) == points.map(\.channels) else {
            throw LibraryError.harness(
                code: 0,
                "\(library.harness.path): expected \(points.count) tensors, found "
                    + "\(added.count) or other channels")
        }
        totals = totals.isEmpty ? added : zip(totals, added).map { $0 + $1 }
    }

    /// The program counts its outputs and does not know what they are called.
    private func notFinite(_ message: String, _ input: Input) -> CalibrationError? {
        guard let match = message.firstMatch(of: /output (\d+), channel (\d+): (.*)/),
            let output = Int(match.1), points.indices.contains(output)
        else { return nil }
        let problem = "\(points[output].name), channel \(match.2): \(match.3)"
        guard case .array(let file) = input else { return CalibrationError(problem) }
        return CalibrationError("\(file.path): \(problem)")
    }

    /// What was measured so far.
    ///
    /// - Throws: `CalibrationError` when there was no image, or a mean square is beyond single
    ///   precision.
    public func calibration() throws -> Calibration {
        guard images > 0 else { throw CalibrationError("there are no images to calibrate with") }
        let tensors = zip(points, totals).map { $1.channels(named: $0.name) }
        for tensor in tensors { try tensor.check() }
        return Calibration(weights: checksum, images: images, tensors: tensors)
    }

    /// All of this in one: writes, builds and runs the library in a folder that is gone afterwards.
    public static func record(
        _ network: Network, _ weights: WeightSource.Matched, images: [Input],
        with compiler: Compiler
    ) async throws -> Calibration {
        try await withTemporaryFolder { folder in
            var calibrator = try Calibrator(network, weights, in: folder.appending(path: "library"))
            try await calibrator.build(with: compiler)
            for input in images { try await calibrator.add(input) }
            return try calibrator.calibration()
        }
    }
}

extension Calibration {
    /// The one for bf16 that keeps no layer: nothing is measured for scales, since there are none.
    ///
    /// - Parameters:
    ///   - weights: of `network`.
    ///   - images: how many there are to choose layers with.
    /// - Throws: `CalibrationError` when the network has nothing that can be bf16.
    public static func ofBF16(
        _ network: Network, _ weights: WeightSource.Matched, images: Int
    ) throws -> Calibration {
        guard !network.roundedLayers.isEmpty else {
            throw CalibrationError(
                "\(network.name): nothing in it can be bf16; choose another precision")
        }
        return Calibration(
            .bf16, weights: weights.checksum(for: network), images: images, tensors: [])
    }
}

// MARK: - Totals

/// Of one output over some images, channel by channel: what the command `channels` of a library's
/// program prints.
struct ChannelTotals: Decodable {
    private(set) var images, rows: Int
    private(set) var least, greatest: [Float]
    private(set) var sum, squares: [Double]

    var channels: Int { sum.count }

    /// Of the images of both.
    static func + (left: ChannelTotals, right: ChannelTotals) -> ChannelTotals {
        var both = left
        both.images += right.images
        both.rows += right.rows
        both.least = zip(left.least, right.least).map { min($0, $1) }
        both.greatest = zip(left.greatest, right.greatest).map { max($0, $1) }
        both.sum = zip(left.sum, right.sum).map { $0 + $1 }
        both.squares = zip(left.squares, right.squares).map { $0 + $1 }
        return both
    }

    func channels(named name: String) -> Calibration.Channels {
        let means = zip(sum, zip(least, greatest)).map { sum, bounds in
            // Rounding may lead a hair beyond them where all values are nearly the same.
            min(max(Float(sum / Double(rows)), bounds.0), bounds.1)
        }
        return Calibration.Channels(
            name: name, least: least, greatest: greatest, mean: means,
            meanSquare: squares.map { Float($0 / Double(rows)) })
    }
}

extension GeneratedLibrary {
    /// Of each output, in order.
    func channelTotals(
        of input: Calibrator.Input, threads: Int?
    ) async throws -> [ChannelTotals] {
        let files =
            switch input {
            case .array(let file): ["--input", file.path]
            case .pictures(let file): ["--pictures", file.path]
            }
        let lines = try await runHarness(
            ["channels", "--weights", weightsFile.path] + files + option("--threads", threads)
        ).stdout.split(separator: "\n")
        return try lines.map { try decode(ChannelTotals.self, String($0)) }
    }
}
