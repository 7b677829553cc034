import Checkpoints
import CodeGeneration
import Foundation
import Planning

/// Writes a plan's library into a folder: C, build files, plan and packed weights.
public struct LibraryGenerator: Sendable {
    private let plan: Plan
    private let weights: Weights
    private let origin: String

    /// - Parameters:
    ///   - plan: from the planner, or `validated()`.
    ///   - source: where the weights come from.
    /// - Throws: `CheckpointError` when the weights do not fit the plan's network.
    public init(_ plan: Plan, _ source: WeightSource) throws {
        self.plan = plan
        weights = try source.weights(for: plan.network)
        origin = source.label
    }

    /// Writes the library to `folder`, which is new, empty, or a library that HiLo wrote earlier
    /// and that is replaced as a whole.
    ///
    /// Everything is written beside the folder and moved into place at the end: it holds the old
    /// library or the new one, never half of it.
    ///
    /// - Throws: `LibraryError.cannotWrite`.
    @discardableResult
    public func write(to folder: URL) throws -> GeneratedLibrary {
        let output = try OutputFolder(folder)
        do {
            for file in Generator(plan).files() {
                try output.write(file.path, Data(file.contents.utf8))
            }
            try writeWeights(to: output.staged(GeneratedLibrary.weightsPath(plan)))
            try output.commit()
        } catch {
            output.discard()
            throw error
        }
        return GeneratedLibrary(folder: folder, plan: plan)
    }

    private func writeWeights(to file: URL) throws {
        let blocks = Dictionary(uniqueKeysWithValues: plan.weights.map { ($0.name, $0) })
        let writer = try SafetensorsWriter(
            tensors: plan.weights.map {
                .init(name: $0.name, elementType: .float32, shape: [$0.count])
            },
            metadata: [
                // The library finds the fingerprint at the very beginning of the header.
                "fingerprint": plan.fingerprint, "format": "hilo-packed", "origin": origin,
            ],
            keepingOrder: true)
        let packer = WeightPacker(weights)
        try writer.write(to: file.path) { tensor in
            guard let block = blocks[tensor.name] else { return Data() }
            return packer.values(of: block).withUnsafeBytes { Data($0) }
        }
    }
}
