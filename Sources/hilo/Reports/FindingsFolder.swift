import ArrayFiles
import Evaluation
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
    func create() throws { try makeFolder(url) }

    /// Writes the files of an image.
    ///
    /// - Parameter number: of the image in an array.
    func write(_ image: FoundImage, number: Int) throws {
        if case .labels(let map) = image.findings {
            let isInFolder = isForMany && image.picture == nil
            if isInFolder { try makeFolder(url.appending(path: "\(number)")) }
            let inFolder = url.appending(path: "\(number)/labels.npy")
            try map.write(to: isInFolder ? inFolder : labels(of: image.name))
        }
        try image.drawn(classes, leastScore: leastScore)?.write(to: drawing(of: image.name).path)
    }

    /// Where a picture goes with its findings drawn in.
    private func drawing(of picture: String) -> URL {
        url.appending(path: "\(picture.fileStem).png")
    }

    /// Where the label map of a picture goes, or that of an array's only image.
    private func labels(of image: String) -> URL {
        url.appending(path: isForMany ? "\(image.fileStem).npy" : "labels.npy")
    }

    private var detections: URL { url.appending(path: "detections.json") }

    /// Writes the objects of all images.
    func write(_ results: [CocoDetection]) throws {
        do {
            try writeAtomically(
                try Console.encoded(results) + Data("\n".utf8), to: detections.path)
        } catch let error as FileError {
            throw OutputError("\(error)")
        }
    }
}

// MARK: - Files in the way

extension FindingsFolder {
    /// Refuses to write over what is read, and the results of one picture over those of another.
    ///
    /// - Parameters:
    ///   - pictures: that are searched; none when an array is.
    ///   - files: all that are read, the pictures among them.
    /// - Throws: `UsageError`.
    func check(_ pictures: [String], reading files: [String], _ kind: FindingsKind) throws {
        var names: [String: String] = [:]
        for picture in pictures {
            if let other = names.updateValue(picture, forKey: picture.fileStem) {
                throw UsageError(
                    "--output: \(other) and \(picture) differ in their endings alone, and their "
                        + "results would have the same name; rename one, or leave --output out")
            }
        }
        var read: [String: String] = [:]
        for file in files {
            if let place = Self.resolved(file) { read[place] = file }
        }
        for output in outputs(of: pictures, kind) {
            if let place = Self.resolved(output.path), let file = read[place] {
                throw UsageError(
                    "--output \(url.relativePath): \(file) is read, and results would be written "
                        + "over it; give another folder")
            }
        }
    }

    private func outputs(of pictures: [String], _ kind: FindingsKind) -> [URL] {
        let drawings = pictures.map(drawing)
        guard kind == .labels else { return drawings + [detections] }
        return drawings + (pictures.isEmpty ? [labels(of: "")] : pictures.map(labels))
    }

    /// Where a file lies, whatever links lead there; nil when there is none.
    private static func resolved(_ path: String) -> String? {
        guard let place = realpath(path, nil) else { return nil }
        defer { free(place) }
        return String(cString: place)
    }
}

extension ClassMap {
    /// Writes int32 of height × width.
    fileprivate func write(to file: URL) throws {
        do {
            try NPYIntegers(shape: [size.height, size.width], values: classes).write(to: file.path)
        } catch let error as NPYError {
            throw OutputError("\(error)")
        }
    }
}
