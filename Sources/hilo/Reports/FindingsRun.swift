import Foundation
import HiLoKit
import ImageFiles

/// The run of a detector or a segmenter on an array, a picture or a folder of pictures.
struct FindingsRun {
    let library: GeneratedLibrary
    /// nil is the first, or for each picture the one that suits it.
    let resolution: Resolution?
    let content, original: Resolution?
    let threads: Int?
    let ignoresOrientation: Bool
    let annotations: Annotations?

    /// Pictures of a folder, sorted by name; those in folders below it are left alone.
    ///
    /// - Returns: nil when `path` is no folder.
    /// - Throws: `InputError` when there are none.
    static func pictures(in path: String) throws -> [String]? {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        guard exists, isFolder.boolValue else { return nil }
        let pictures = try PictureFolder(path).pictures()
        guard !pictures.isEmpty else {
            throw InputError("\(path): the folder has no pictures (.jpg, .jpeg, .png)")
        }
        return pictures.map { "\(path)/\($0.lastPathComponent)" }
    }

    /// All images of an array.
    func images(ofArray path: String) async throws -> Result {
        let (found, report) = try await withTemporaryFolder { folder in
            try await library.findings(
                of: URL(fileURLWithPath: path), in: folder, content: content, original: original,
                resolution: resolution, threads: threads)
        }
        guard annotations == nil || found.count == 1 else {
            throw UsageError(
                "--annotations: \(path) holds \(found.count) images, whose names it does not say; "
                    + "give one at a time")
        }
        let first = try annotations?.imageID(of: path) ?? 0
        let images = found.enumerated().map { index, findings in
            FoundImage(
                name: found.count == 1 ? path : "\(path), image \(index)", id: first + index,
                picture: nil, size: report.original, findings: findings)
        }
        return Result(images: images, report: report)
    }

    /// - Parameter id: of the image where no annotations say it.
    func image(ofPicture path: String, id: Int) async throws -> Result {
        let id = try annotations?.imageID(of: path) ?? id
        let picture = try RGBImage(contentsOf: path, ignoringOrientation: ignoresOrientation)
        let (found, report) = try await withTemporaryFolder { folder in
            try await library.findings(
                of: picture.writeArray(in: folder), in: folder, resolution: resolution,
                threads: threads)
        }
        let image = FoundImage(
            name: path, id: id, picture: picture, size: report.original, findings: found[0])
        return Result(images: [image], report: report)
    }

    struct Result {
        let images: [FoundImage]
        let report: GeneratedLibrary.FindingsReport

        /// How a picture was not prepared as the network's recipe says; nil when it was.
        func deviation(padding divisor: Int) -> String? {
            let (fitted, content) = (report.fitted, report.content)
            let padded = Resolution(
                height: fitted.height.rounded(upTo: divisor),
                width: fitted.width.rounded(upTo: divisor))
            let advice = "generate a library with --resolution \(padded)"
            if content != fitted {
                return "was resized to \(content) instead of \(fitted), because the library's "
                    + "inputs are \(report.resolution); for the recipe's results \(advice)"
            }
            guard padded != report.resolution else { return nil }
            return "was padded to \(report.resolution) instead of \(padded), and padding takes "
                + "part in results; for the recipe's \(advice)"
        }
    }
}
