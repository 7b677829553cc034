import ArrayFiles
import FileIO
import Foundation
import Graphs
import Networks

/// What a network's library makes of the outputs.
public enum FindingsKind: Sendable {
    case detections, instances, labels
}

extension Network {
    /// nil of a network whose outputs are its results.
    public var findings: FindingsKind? {
        let kinds = outputs.map(\.kind)
        if kinds.contains(.labels) { return .labels }
        guard kinds.contains(.detections) else { return nil }
        return kinds.contains(.maskLogits) ? .instances : .detections
    }

    /// How many classes its findings may have; nil of a network without findings.
    public var findingClasses: Int? {
        guard let findings, let logits = outputs.first(where: { $0.kind == .logits }) else {
            return nil
        }
        let last = logits.shape[logits.shape.count - 1]
        // One that tells masks apart has a logit of the background too.
        return findings == .instances ? last - 1 : last
    }
}

/// An object that a detector found, in pixels of the original picture.
public struct DetectedObject: Sendable, Equatable {
    public let x0, y0, x1, y1: Float
    public let score: Float
    /// The number of its class, from 0.
    public let classIndex: Int
    /// Its mask in COCO's run lengths; nil of a network that draws none.
    public let mask: String?

    public init(
        x0: Float, y0: Float, x1: Float, y1: Float, score: Float, classIndex: Int,
        mask: String? = nil
    ) {
        (self.x0, self.y0, self.x1, self.y1) = (x0, y0, x1, y1)
        (self.score, self.classIndex, self.mask) = (score, classIndex, mask)
    }
}

/// The class of each pixel of a picture.
public struct ClassMap: Sendable, Equatable {
    public let size: Resolution
    /// Row by row.
    public let classes: [Int32]

    public init(size: Resolution, classes: [Int32]) {
        precondition(classes.count == size.count, "\(classes.count) labels of \(size) pixels")
        self.size = size
        self.classes = classes
    }

    /// How many pixels have each class that occurs.
    public var counts: [Int32: Int] { classes.counted() }
}

/// What was found in an image.
public enum Findings: Sendable, Equatable {
    /// By falling score.
    case detections([DetectedObject])
    case labels(ClassMap)
}

extension Findings {
    /// Reads what the program of a library wrote into a folder.
    ///
    /// - Throws: `NPYError`, `FileError`, `LibraryError.harness` when that is something else.
    init(in folder: URL, _ kind: FindingsKind) throws {
        switch kind {
        case .labels: self = .labels(try ClassMap(contentsOf: folder.appending(path: "labels.npy")))
        case .detections: self = .detections(try Self.detections(in: folder, masks: nil))
        case .instances:
            let text = try InputFile(path: folder.appending(path: "segmentations.txt").path)
            let masks = String(decoding: try text.read(text.size), as: UTF8.self)
                .split(separator: "\n").map(String.init)
            self = .detections(try Self.detections(in: folder, masks: masks))
        }
    }

    private static func detections(in folder: URL, masks: [String]?) throws -> [DetectedObject] {
        let width = 6
        let array = try NPYArray(contentsOf: folder.appending(path: "detections.npy").path)
        guard array.shape.count == 2, array.shape[1] == width,
            masks.map({ $0.count == array.shape[0] }) ?? true
        else { throw LibraryError.unexpectedFiles(in: folder) }
        return try (0..<array.shape[0]).map { row in
            let values = array.values[row * width..<(row + 1) * width].map { $0 }
            guard let classIndex = Int(exactly: values[5]) else {
                throw LibraryError.unexpectedFiles(in: folder)
            }
            return DetectedObject(
                x0: values[0], y0: values[1], x1: values[2], y1: values[3], score: values[4],
                classIndex: classIndex, mask: masks?[row])
        }
    }
}

extension ClassMap {
    /// Reads what a library's program wrote: whole numbers of height × width.
    ///
    /// - Throws: `LibraryError.harness` when that is something else.
    init(contentsOf file: URL) throws {
        guard let array = try? NPYIntegers(contentsOf: file.path), array.shape.count == 2 else {
            throw LibraryError.unexpectedFiles(in: file.deletingLastPathComponent())
        }
        self.init(
            size: Resolution(height: array.shape[0], width: array.shape[1]), classes: array.values)
    }
}

extension LibraryError {
    fileprivate static func unexpectedFiles(in folder: URL) -> LibraryError {
        .harness(
            code: 0,
            "\(folder.path): the library's program wrote something else than expected; generate "
                + "and build the library again")
    }
}
