import ArrayFiles
import FileIO
import Foundation
import HiLoKit
import ImageFiles

/// An image or an array, checked to be an input of a network.
struct NetworkInput {
    /// Each output, of all images, and how the run went.
    typealias Result = (arrays: [NPYArray], report: GeneratedLibrary.RunReport)

    private let path: String
    private let network: Network
    /// What the library gets instead of the file; nil when it takes the file itself.
    private let image: RGBImage?

    /// - Parameter ignoringOrientation: whether a photo stays as its sensor saw it.
    /// - Throws: `ImageFileError`, `NPYError`, `FileError`; `InputError` for another shape.
    init(_ path: String, of network: Network, ignoringOrientation: Bool = false) throws {
        self.path = path
        self.network = network
        if try Self.isArray(path) {
            try Self.check(NPYArray(contentsOf: path), path, network)
            image = nil
        } else {
            guard network.image != nil else {
                throw InputError(
                    "\(path): no NumPy file; a single layer takes tokens, not images: expected "
                        + "float32 of N x \(shapeText(network.inputShape))")
            }
            image = try RGBImage(contentsOf: path, ignoringOrientation: ignoringOrientation)
        }
    }

    /// Whether a file is a NumPy array, by its first bytes or its name.
    static func isArray(_ path: String) throws -> Bool {
        let file = try InputFile(path: path)
        let start = try file.read(min(file.size, NPYArray.magic.count))
        return start == NPYArray.magic || path.hasSuffix(".npy")
    }

    private static func check(_ array: NPYArray, _ path: String, _ network: Network) throws {
        let shape = array.shape
        let isImage = array.elementType == .uint8
        let takesImages = network.image != nil
        let fits =
            isImage
            ? takesImages && shape.count == 3 && shape[2] == 3 && !array.values.isEmpty
            : network.inputShapes.contains { shape.dropFirst() == $0[...] } && shape[0] > 0
        guard !fits else { return }
        throw InputError(
            "\(path): expected float32 of N x \(shapeText(network.inputShape))"
                + (takesImages ? ", or uint8 of height x width x 3" : "")
                + "; found \(isImage ? "uint8" : "floats") of \(shapeText(shape))")
    }

    /// Runs the network.
    ///
    /// - Parameters:
    ///   - output: keeps the outputs when it is given: a file, or a folder for feature maps.
    ///   - pictures: whether that folder also gets a picture of each map.
    func run(
        on library: GeneratedLibrary, output: String?, pictures: Bool, threads: Int?
    ) async throws -> Result {
        try await withTemporaryFolder { folder in
            let input = try image?.writeArray(in: folder) ?? URL(fileURLWithPath: path)
            let resolution = network.resolution
            if let output, !network.isBackbone {
                let file = URL(fileURLWithPath: output)
                let report = try await library.run(
                    input: input, output: file, resolution: resolution, threads: threads)
                return ([try NPYArray(contentsOf: file.path)], report)
            }
            let result = try await library.outputs(
                of: input, in: folder, resolution: resolution, threads: threads)
            if let output, case .featureMap(_, let layout) = network.outputs[0].kind {
                let names = network.outputs.map(\.name)
                try FeatureFolder(url: URL(fileURLWithPath: output), layout: layout)
                    .write(Array(zip(names, result.arrays)).map { ($0, $1) }, pictures: pictures)
            }
            return result
        }
    }
}
