import ArrayFiles
import Foundation
import Graphs
import Machines
import Networks

extension GeneratedLibrary {
    /// Runs the network and reads what it returns.
    ///
    /// - Parameters:
    ///   - input: as `run` takes it.
    ///   - folder: an existing folder, which gets the files of the outputs.
    /// - Returns: one array for each of the network's outputs, N × its shape; a detector's and a
    ///   segmenter's are those of inputs without padding.
    /// - Throws: `LibraryError.harness`, `.notBuilt`; `NPYError`.
    public func outputs(
        of input: URL, in folder: URL, resolution: Resolution? = nil, threads: Int? = nil,
        isa: ISA? = nil
    ) async throws -> (arrays: [NPYArray], report: RunReport) {
        let network = try resolution.map { try plan.network.at($0) } ?? plan.network
        let files = network.outputs.map { folder.appending(path: "\($0.name).npy") }
        let target = network.isBackbone || network.findings != nil ? folder : files[0]
        let report = try await run(
            input: input, output: target, resolution: resolution, threads: threads,
            isa: isa)
        let arrays = try files.map { try NPYArray(contentsOf: $0.path) }
        for (array, shape) in zip(arrays, network.outputShapes)
        where array.shape != [report.images] + shape {
            throw LibraryError.harness(
                code: 0, "\(harness.path): wrote an array of \(array.shape), expected N × \(shape)")
        }
        return (arrays, report)
    }
}
