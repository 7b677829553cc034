import ArrayFiles
import FileIO
import ImageFiles

/// The class of each pixel of a picture, row by row.
public struct LabelMap: Equatable, Sendable {
    public let height: Int
    public let width: Int
    public let labels: [Int32]

    /// - Precondition: `labels` has height · width elements.
    public init(height: Int, width: Int, labels: [Int32]) {
        precondition(labels.count == height * width, "\(labels.count) labels")
        self.height = height
        self.width = width
        self.labels = labels
    }

    /// Reads a PNG of 8-bit grey, whose values are the labels, or an array of whole numbers (.npy).
    ///
    /// - Throws: `FileError`, `ImageFileError`, `EvaluationError`.
    public init(contentsOf path: String) throws {
        let file = try InputFile(path: path)
        let start = try file.read(min(file.size, Self.lengthOfPNGHeader))
        if start.starts(with: NPYArray.magic) {
            try self.init(array: path)
        } else {
            try Self.check(header: start, path)
            try self.init(picture: path)
        }
    }

    /// ADE20K's files: 0 is no class there, and the classes begin with 1.
    public var withoutZeroLabel: LabelMap {
        let ignored = SegmentationAccuracy.ignored
        return LabelMap(
            height: height, width: width,
            labels: labels.map { $0 == 0 || $0 == ignored ? ignored : $0 - 1 })
    }

    // MARK: - PNG

    /// Up to the byte that says what the values of pixels are.
    private static let lengthOfPNGHeader = 26

    private init(picture path: String) throws {
        let image = try RGBImage(contentsOf: path, ignoringOrientation: true)
        let pixels = image.pixels
        let starts = stride(from: 0, to: pixels.count, by: 3)
        let isGrey = starts.allSatisfy { (start: Int) -> Bool in
            let red = pixels[start]
            return red == pixels[start + 1] && red == pixels[start + 2]
        }
        guard isGrey else {
            throw EvaluationError(
                "\(path): has colours; labels are the values of an 8-bit grey PNG")
        }
        self.init(
            height: image.height, width: image.width, labels: starts.map { Int32(pixels[$0]) })
    }

    /// Refuses what would be read as other values than the file's: a palette is looked up, and
    /// other depths are stretched to 8 bits.
    private static func check(header: [UInt8], _ path: String) throws {
        let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
        guard header.starts(with: signature), header.count == lengthOfPNGHeader else {
            throw EvaluationError("\(path): is neither PNG nor NumPy file; labels are one of them")
        }
        let (depth, kind) = (header[24], header[25])
        guard kind != 3 else {
            throw EvaluationError(
                "\(path): has a palette; labels are the values of an 8-bit grey PNG")
        }
        guard depth == 8 else {
            throw EvaluationError(
                "\(path): has \(depth) bits a value; labels are the values of an 8-bit grey PNG")
        }
    }

    // MARK: - NumPy

    private init(array path: String) throws {
        let array: NPYIntegers
        do {
            array = try NPYIntegers(contentsOf: path)
        } catch let error as NPYError {
            throw EvaluationError("\(error)")
        }
        guard array.shape.count == 2 else {
            throw EvaluationError(
                "\(path): labels are whole numbers of height x width; found the shape "
                    + "\(array.shape)")
        }
        self.init(height: array.shape[0], width: array.shape[1], labels: array.values)
    }
}
