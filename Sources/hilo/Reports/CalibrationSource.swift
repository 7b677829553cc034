import ArrayFiles
import Foundation
import HiLoKit
import Tuning

/// Where a calibration comes from.
enum CalibrationSource {
    /// Some of the pictures in a folder.
    case pictures([String], in: String)
    case array(String)
    case file(String)

    /// More pictures change scales by no more than other pictures would.
    private static let mostPictures = 512
    /// Of ten pictures of clothes the scales cost 1.7 % of the answers (docs/ACCURACY.md).
    private static let fewImages = 100

    /// - Throws: `FileError` when there is no such file, `InputError` for a folder without pictures.
    init(_ path: String) throws {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        if exists, isFolder.boolValue {
            self = .pictures(try Self.pictures(in: path), in: path)
        } else {
            self = try NetworkInput.isArray(path) ? .array(path) : .file(path)
        }
    }

    /// As many as are taken, evenly spread over all, which may be sorted by class.
    private static func pictures(in folder: String) throws -> [String] {
        let all = try PictureFolder(folder).picturesBelow().map(\.path)
        guard !all.isEmpty else {
            throw InputError(
                "\(folder): neither the folder nor one in it has pictures (.jpg, .jpeg, .png)")
        }
        guard all.count > mostPictures else { return all }
        Console.note(
            "calibration: \(mostPictures) of the \(all.count) pictures in \(folder), evenly spread")
        return (0..<mostPictures).map { all[$0 * all.count / mostPictures] }
    }

    /// Reads it, or records it with a library of the network in single precision; for bf16 there is nothing to
    /// record but what it is of.
    ///
    /// - Throws: `InputError`, `CalibrationError` and other errors of files; those of a build.
    func calibration(
        of network: Network, _ weights: WeightSource.Matched, for precision: Precision
    ) async throws -> Calibration {
        // Before a library is compiled for it.
        try check(network)
        switch self {
        case .file(let path):
            return try Calibration(contentsOf: path, for: network, weights, as: precision)
        case .array, .pictures:
            guard precision == .int8 else {
                return try .ofBF16(network, weights, images: comparedImages()?.count ?? 0)
            }
            return try await record(network, weights)
        }
    }

    private func check(_ network: Network) throws {
        switch self {
        case .file: break
        case .array(let path): _ = try NetworkInput(path, of: network)
        case .pictures(_, let folder):
            guard network.image != nil else {
                throw InputError(
                    "\(folder): a single layer takes tokens, not images; give --calibration an "
                        + "array (.npy) of N x \(shapeText(network.inputShape))")
            }
        }
    }

    /// The images to compare libraries on; nil of a file, which has none.
    ///
    /// - Throws: `NPYError`.
    func comparedImages() throws -> (any ComparedImages)? {
        switch self {
        case .pictures(let pictures, _): PictureImages(pictures)
        case .array(let path): try ArrayImages(contentsOf: URL(fileURLWithPath: path))
        case .file: nil
        }
    }

    private func record(
        _ network: Network, _ weights: WeightSource.Matched
    ) async throws -> Calibration {
        try await withTemporaryFolder { folder in
            var calibrator = try Calibrator(network, weights, in: folder.appending(path: "library"))
            let compiler = try await Compiler.find()
            try await ProgressLine.during { line in
                try await calibrator.build(with: compiler) { done, total, file in
                    line.show(done, of: total, "calibration: \(file)")
                }
            }
            try await add(to: &calibrator)
            if calibrator.images < Self.fewImages {
                Console.note(
                    "calibration: \(calibrator.images) images are few; values of others may lie "
                        + "beyond their range, so give some hundred")
            }
            return try calibrator.calibration()
        }
    }

    private func add(to calibrator: inout Calibrator) async throws {
        switch self {
        case .file: break
        case .array(let path): try await calibrator.add(.array(URL(fileURLWithPath: path)))
        case .pictures(let pictures, _): try await Self.add(pictures, to: &calibrator)
        }
    }

    private static func add(
        _ pictures: [String], to calibrator: inout Calibrator
    ) async throws {
        var done = 0
        try await ProgressLine.during { line in
            while done < pictures.count {
                line.showBar(done, of: pictures.count, "pictures for calibration")
                done += try await withTemporaryFolder { folder in
                    let file = folder.appending(path: "pictures")
                    let count = try PictureChunk.write(
                        pictures[done...], to: file, ignoringOrientation: false)
                    try await calibrator.add(.pictures(file))
                    return count
                }
            }
        }
    }
}

/// Pictures to compare libraries on. They are decoded for each, so that however large they are only some are
/// on the disk.
private struct PictureImages: ComparedImages {
    private let pictures: [String]

    init(_ pictures: [String]) { self.pictures = pictures }

    var count: Int { pictures.count }

    func outputs(of library: GeneratedLibrary, on indices: [Int]) async throws -> [[Float]] {
        let chosen = indices.map { pictures[$0] }
        var (done, outputs) = (0, [[Float]]())
        while done < chosen.count {
            done += try await withTemporaryFolder { folder in
                let file = folder.appending(path: "pictures")
                let count = try PictureChunk.write(
                    chosen[done...], to: file, ignoringOrientation: false)
                let added = try await library.outputs(ofPictures: file, in: folder).map(\.values)
                if outputs.isEmpty { outputs = added.map { _ in [] } }
                for index in added.indices { outputs[index] += added[index] }
                return count
            }
        }
        return outputs
    }
}
