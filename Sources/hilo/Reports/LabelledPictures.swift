import FileIO
import Foundation
import HiLoKit
import ImageFiles

/// A picture whose class is known.
struct LabelledPicture {
    let file: String
    /// The index of its class.
    let truth: Int
}

extension PictureFolder {
    /// The pictures of a folder with a folder for each class, sorted by its name and theirs.
    ///
    /// - Throws: `InputError` when there are none, or a folder is no class.
    func labelledPictures(classes: Int, names: [String]) throws -> [LabelledPicture] {
        let folders = try folders()
        guard !folders.isEmpty else {
            throw InputError(
                "\(url.path): has no folders; expected one with pictures for each class, "
                    + "CLASS/*.png")
        }
        let indices = try classIndices(folders.map(\.lastPathComponent), classes, names)
        let pictures = try zip(folders, indices).flatMap { folder, index in
            try PictureFolder(folder.path).pictures()
                .map { LabelledPicture(file: $0.path, truth: index) }
        }
        guard !pictures.isEmpty else {
            throw InputError(
                "\(url.path): the folders in it have no pictures (.jpg, .jpeg, .png)")
        }
        return pictures
    }

    /// The class of each folder: by name where names are known, by number where all names are
    /// numbers, else in alphabetical order.
    private func classIndices(_ folders: [String], _ classes: Int, _ names: [String]) throws
        -> [Int]
    {
        if !names.isEmpty {
            return try folders.map { folder in
                guard let index = names.firstIndex(of: folder) else {
                    throw InputError(
                        "\(url.path)/\(folder): is no class of the network; expected a name of "
                            + "the \(names.count) in --names: \(some(of: names))")
                }
                return index
            }
        }
        let numbers = folders.compactMap { Int($0) }
        if numbers.count == folders.count {
            guard let index = numbers.firstIndex(where: { !(0..<classes).contains($0) }) else {
                return numbers
            }
            throw InputError(
                "\(url.path)/\(folders[index]): is no class of the network; expected a number "
                    + "from 0 to \(classes - 1)")
        }
        guard folders.count == classes else {
            throw InputError(
                "\(url.path): has \(folders.count) folders, and the network \(classes) classes; "
                    + "give --names FILE with the folder's name of each class")
        }
        return Array(folders.indices)
    }

    private func some(of names: [String]) -> String {
        names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", ..." : "")
    }
}

/// Pictures that a library runs on at once: as many as are worth starting its program, and few
/// enough for their pixels to be a small file.
enum PictureChunk {
    private static let mostPictures = 2048
    private static let mostBytes = 64 << 20
    /// Of decoded pictures in memory, where they are small enough for several.
    private static let mostInMemory = 16 << 20
    private static let processors = ProcessInfo.processInfo.activeProcessorCount

    /// Decodes pictures from the first one on, on all processors, into a `PictureFile`.
    ///
    /// - Parameter pictures: their files.
    /// - Returns: how many.
    /// - Throws: `ImageFileError` about a picture, `OutputError`.
    static func write(
        _ pictures: ArraySlice<String>, to file: URL, ignoringOrientation: Bool
    ) throws -> Int {
        var count = 0
        do {
            try writeFile(to: file.path) { output in
                try output.write(PictureFile.start(pictures: 0))
                var (size, largest) = (0, mostInMemory)
                while count < min(pictures.count, mostPictures), size < mostBytes {
                    // As many as fit if they are like the largest before.
                    let wave = max(mostInMemory / largest, processors)
                    let images = try decode(
                        pictures.dropFirst(count).prefix(min(wave, mostPictures - count)),
                        ignoringOrientation)
                    for image in images {
                        try output.write(
                            PictureFile.start(width: image.width, height: image.height))
                        try output.write(image.pixels)
                        size += image.pixels.count
                    }
                    largest = images.map(\.pixels.count).max() ?? mostInMemory
                    count += images.count
                }
                try output.rewriteStart(PictureFile.start(pictures: count))
            }
        } catch let error as FileError {
            throw OutputError("\(error)")
        }
        return count
    }

    private static func decode(
        _ pictures: ArraySlice<String>, _ ignoringOrientation: Bool
    ) throws -> [RGBImage] {
        try concurrentMap(Array(pictures)) { path in
            Result { try RGBImage(contentsOf: path, ignoringOrientation: ignoringOrientation) }
        }
        .map { try $0.get() }
    }
}
