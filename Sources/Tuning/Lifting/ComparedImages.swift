import ArrayFiles
import Foundation
import HiLoKit
import Toolchain

/// Images on which libraries of a network are compared.
public protocol ComparedImages: Sendable {
    var count: Int { get }
    /// Runs a library on some of them.
    ///
    /// - Parameter indices: in ascending order.
    /// - Returns: an array for each of the outputs, image by image.
    /// - Throws: `LibraryError`, and errors of the images' files.
    func outputs(of library: GeneratedLibrary, on indices: [Int]) async throws -> [[Float]]
}

/// Those of an array, as `GeneratedLibrary.run(input:output:)` takes it.
public struct ArrayImages: ComparedImages {
    private let file: URL
    /// nil of uint8, which is one image.
    private let shape: [Int]?

    /// - Throws: `NPYError`.
    public init(contentsOf file: URL) throws {
        self.file = file
        let array = try NPYArray(contentsOf: file.path)
        shape = array.elementType == .uint8 ? nil : array.shape
    }

    public var count: Int { shape.map { $0[0] } ?? 1 }

    public func outputs(of library: GeneratedLibrary, on indices: [Int]) async throws -> [[Float]] {
        try await withTemporaryFolder { folder in
            let input = try part(indices, in: folder)
            return try await library.outputs(of: input, in: folder).arrays.map(\.values)
        }
    }

    private func part(_ indices: [Int], in folder: URL) throws -> URL {
        guard let shape, indices.count < count else { return file }
        let values = try NPYArray(contentsOf: file.path).values
        let size = shape.dropFirst().reduce(1, *)
        let part = folder.appending(path: "x.npy")
        try NPYArray(
            shape: [indices.count] + shape.dropFirst(),
            values: indices.flatMap { values[$0 * size..<($0 + 1) * size] }
        ).write(to: part.path)
        return part
    }
}
