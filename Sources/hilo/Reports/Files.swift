import ArrayFiles
import Foundation
import ImageFiles

/// Makes a folder, and those that it lies in, where it is not there.
///
/// - Throws: `OutputError`.
func makeFolder(_ url: URL) throws {
    do {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    } catch {
        throw OutputError(
            "\(url.path): the folder cannot be created: "
                + (error as NSError).localizedDescription)
    }
}

extension RGBImage {
    /// Writes what a library takes instead of a picture.
    ///
    /// - Throws: `OutputError`.
    func writeArray(in folder: URL) throws -> URL {
        let file = folder.appending(path: "x.npy")
        do {
            try NPYArray.write(bytes: pixels, shape: [height, width, 3], to: file.path)
        } catch let error as NPYError {
            throw OutputError("\(error)")
        }
        return file
    }
}

extension String {
    /// Of a path: the name of the file.
    var fileName: String { split(separator: "/").last.map(String.init) ?? self }

    /// Of a path: the name of the file without its ending.
    var fileStem: String {
        let name = fileName
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
        return String(name[..<dot])
    }
}
