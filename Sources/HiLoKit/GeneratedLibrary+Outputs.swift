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
        let report = try await run(
            input: input, output: place(of: network, in: folder), resolution: resolution,
            threads: threads, isa: isa)
        return (try outputs(of: network, in: folder, images: report.images), report)
    }

    /// Prepares pictures, runs the network on them and reads what it returns.
    ///
    /// - Parameters:
    ///   - pictures: a `PictureFile`.
    ///   - folder: an existing folder, which gets the files of the outputs.
    /// - Precondition: as of `run(pictures:output:)`.
    /// - Returns: one array for each of the network's outputs, N × its shape.
    /// - Throws: `LibraryError.harness`, `.notBuilt`; `NPYError`.
    public func outputs(ofPictures pictures: URL, in folder: URL) async throws -> [NPYArray] {
        let report = try await run(pictures: pictures, output: place(of: plan.network, in: folder))
        return try outputs(of: plan.network, in: folder, images: report.images)
    }

    /// What the program is told to write: a file, or a folder for several.
    private func place(of network: Network, in folder: URL) -> URL {
        network.isBackbone || network.findings != nil ? folder : files(of: network, in: folder)[0]
    }

    private func files(of network: Network, in folder: URL) -> [URL] {
        network.outputs.map { folder.appending(path: "\($0.name).npy") }
    }

    private func outputs(of network: Network, in folder: URL, images: Int) throws -> [NPYArray] {
        let arrays = try files(of: network, in: folder).map { try NPYArray(contentsOf: $0.path) }
        for (array, shape) in zip(arrays, network.outputShapes)
        where array.shape != [images] + shape {
            throw LibraryError.harness(
                code: 0, "\(harness.path): wrote an array of \(array.shape), expected N × \(shape)")
        }
        return arrays
    }
}
