import Checkpoints
import CodeGeneration
import FileIO
import Foundation
import Networks
import Planning

/// The packed weights of a library, checked to be those of its plan.
public struct PackedWeights: Sendable {
    /// What the weights were made from: `checkpoint`, or `seed N`.
    public let origin: String
    private let plan: Plan
    private let file: Checkpoint
    /// The text of the library's calibration, which goes where its weights go; nil when there is none.
    let calibration: String?

    var path: String { file.path }

    /// The name of the checksum of all values in the file's metadata.
    static let checksum = "values"

    /// - Throws: `CheckpointError` when the file cannot be read, `LibraryError.badWeights` when it
    ///   belongs to another library.
    public init(of library: GeneratedLibrary) throws {
        let file = try Checkpoint.read(path: library.weightsFile.path)
        plan = library.plan
        self.file = file
        origin = file.metadata["origin"] ?? "unknown"
        calibration = try? String(
            contentsOf: library.folder.appending(path: Calibration.fileName), encoding: .utf8)
        try checkFingerprint()
        try checkTensors()
        try checkValues()
    }

    private func checkFingerprint() throws {
        guard let found = file.metadata["fingerprint"] else {
            throw LibraryError.badWeights(
                "\(file.path): not packed weights: it has no fingerprint; "
                    + "make them with 'hilo generate --checkpoint'")
        }
        guard found == plan.fingerprint else {
            throw LibraryError.badWeights(
                "\(file.path): weights of another network, precision or version: "
                    + "expected the fingerprint \(plan.fingerprint), found \(found); "
                    + "make them with 'hilo generate'")
        }
    }

    private func checkTensors() throws {
        for tensor in plan.weights {
            guard let record = file.tensors[tensor.name], record.shape == [tensor.count],
                record.elementType == .float32
            else {
                throw LibraryError.badWeights(
                    "\(file.path): damaged: expected \(tensor.count) float32 named "
                        + "'\(tensor.name)'; make it again with 'hilo generate'")
            }
        }
    }

    /// Files of earlier versions have no checksum.
    private func checkValues() throws {
        guard let expected = file.metadata[Self.checksum] else { return }
        var found = Checksum()
        for tensor in plan.weights {
            try file.floats(tensor.name).withUnsafeBytes { found.add($0) }
        }
        guard found.digits == expected else {
            throw LibraryError.badWeights(
                "\(file.path): damaged: its values have the checksum \(found.digits), and "
                    + "\(expected) when they were packed; make it again with 'hilo generate'")
        }
    }

    /// The weights under the names of a checkpoint; see `WeightUnpacker` for what stays folded.
    public func unpacked() throws -> Weights {
        WeightUnpacker(plan).weights(from: try values())
    }

    /// Beyond what the library's integers cut values off; see `WeightUnpacker.limits`. Empty where there are none.
    public func limits() throws -> [String: [ClosedRange<Double>]] {
        guard plan.target.precision == .int8 else { return [:] }
        return WeightUnpacker(plan).limits(from: try values())
    }

    private func values() throws -> [Float] {
        try plan.weights.flatMap { try file.floats($0.name) }
    }

    /// One block as it stands in the file.
    func values(of tensor: PackedTensor) throws -> [Float] { try file.floats(tensor.name) }

    /// The seed that the weights came from; nil when they came from a checkpoint.
    public var seed: UInt64? {
        origin.hasPrefix("seed ") ? UInt64(origin.dropFirst("seed ".count)) : nil
    }
}
