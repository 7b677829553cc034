import ArrayFiles
import FileIO
import Foundation
import HiLoKit
import ImageFiles

/// The folder that gets what was found: `detections.json`, or the label map of each image, and a
/// picture of each photo with its findings drawn in.
struct FindingsFolder {
    let url: URL
    let classes: ClassNames
    let leastScore: Double
    /// Whether there are several images, whose files are named after them.
    let isForMany: Bool

    /// - Throws: `OutputError` when the folder cannot be made.
    func create() throws {
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw OutputError(
                "\(url.path): the folder cannot be created: "
                    + (error as NSError).localizedDescription)
        }
    }

    /// Writes the files of an image.
    ///
    /// - Parameter number: of the image in an array.
    func write(_ image: FoundImage, number: Int) throws {
        let stem = URL(fileURLWithPath: image.name).deletingPathExtension().lastPathComponent
        if case .labels(let map) = image.findings {
            let name = !isForMany ? "labels.npy" : image.picture != nil ? "\(stem).npy" : nil
            if name == nil { try FindingsFolder.makeFolder(url.appending(path: "\(number)")) }
            try map.write(to: url.appending(path: name ?? "\(number)/labels.npy"))
        }
        try image.drawn(classes, leastScore: leastScore)?
            .write(to: url.appending(path: "\(stem).png").path)
    }

    private static func makeFolder(_ url: URL) throws {
        try FindingsFolder(
            url: url, classes: ClassNames(names: [], ids: nil), leastScore: 0, isForMany: false
        ).create()
    }

    /// Writes the objects of all images.
    func write(_ results: [COCOResult]) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            try writeAtomically(
                try encoder.encode(results) + Data("\n".utf8),
                to: url.appending(path: "detections.json").path)
        } catch let error as FileError {
            throw OutputError("\(error)")
        }
    }
}

extension ClassMap {
    /// Writes int32 of height × width.
    fileprivate func write(to file: URL) throws {
        let shape =
            "{'descr': '<i4', 'fortran_order': False, 'shape': (\(size.height), \(size.width)), }"
        // The data begins at a multiple of 64 bytes.
        let padding = 63 - (10 + shape.utf8.count) % 64
        let header = shape + String(repeating: " ", count: padding) + "\n"
        let start: [UInt8] = [0x93] + "NUMPY".utf8 + [1, 0, UInt8(header.utf8.count), 0]
        do {
            try writeAtomically(to: file.path) { output in
                try output.write(start + Array(header.utf8))
                try classes.map(\.littleEndian).withUnsafeBytes { try output.write($0) }
            }
        } catch let error as FileError {
            throw OutputError("\(error)")
        }
    }
}
