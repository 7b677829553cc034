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
        let bytes = try file.read(file.size)
        if bytes.starts(with: [0x93] + Array("NUMPY".utf8)) {
            try self.init(array: bytes, path: path)
        } else {
            try self.init(picture: bytes, path: path)
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

    private init(picture bytes: [UInt8], path: String) throws {
        try Self.check(header: bytes, path)
        let image = try RGBImage(contentsOf: path, ignoringOrientation: true)
        let pixels = image.pixels
        let starts = Array(stride(from: 0, to: pixels.count, by: 3))
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
        guard header.starts(with: signature), header.count > 25 else {
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

    private init(array bytes: [UInt8], path: String) throws {
        func damage(_ problem: String) -> EvaluationError { EvaluationError("\(path): \(problem)") }
        // Magic, version 1 or 2 with a length of 2 or 4 bytes, the header, the values.
        let lengthSize = bytes.count > 6 && bytes[6] > 1 ? 4 : 2
        guard bytes.count >= 8 + lengthSize else { throw damage("ends in its header") }
        let length = (0..<lengthSize).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
        let start = 8 + lengthSize + length
        guard start <= bytes.count else { throw damage("ends in its header") }
        let header = String(decoding: bytes[8 + lengthSize..<start], as: UTF8.self)
        guard let type = header.firstMatch(of: /'descr': '[<|]([iu])([1248])'/),
            header.contains("'fortran_order': False"),
            let shape = header.firstMatch(of: /'shape': \((\d+), (\d+)\)/),
            let height = Int(shape.1), let width = Int(shape.2), let size = Int(type.2)
        else {
            throw damage("labels are whole numbers of height x width; the header says \(header)")
        }
        let (area, overflow) = height.multipliedReportingOverflow(by: width)
        guard !overflow, area <= bytes.count, area * size == bytes.count - start else {
            throw damage("has another size than its header says")
        }
        let isSigned = type.1 == "i"
        let labels = try (0..<area).map { index in
            let value = Self.integer(bytes[start + index * size..<start + (index + 1) * size])
            let unused = 64 - 8 * size
            let extended = isSigned ? (value << unused) >> unused : value
            guard let label = Int32(exactly: extended) else {
                throw damage("has the label \(value)")
            }
            return label
        }
        self.init(height: height, width: width, labels: labels)
    }

    private static func integer(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}
