import FileIO

/// The header of a .npy file: a Python dictionary that names element type, order and shape.
/// The format is NumPy's, `numpy.lib.format`, versions 1.0 and 2.0.
struct NPYHeader: Equatable {
    /// Longer headers describe structured arrays, which are not read.
    private static let maximumLength = 64 << 10
    /// Bytes of data that no file reaches, far enough below `Int.max` to add to.
    private static let maximumSize = 1 << 60

    /// The element type, as NumPy writes it.
    let descr: String
    let shape: [Int]

    /// Reads all that stands before the elements.
    ///
    /// - Returns: the header, and the number of bytes before the elements.
    /// - Throws: `NPYHeaderProblem`, `FileError`.
    static func read(from file: borrowing InputFile) throws -> (NPYHeader, length: Int) {
        let start = NPYArray.magic.count + 2
        guard file.size >= start, case let bytes = try file.read(start),
            bytes.starts(with: NPYArray.magic)
        else { throw NPYHeaderProblem("is no NumPy file: it does not begin with \\x93NUMPY") }
        let version = (major: bytes[start - 2], minor: bytes[start - 1])
        guard version == (1, 0) || version == (2, 0) else {
            throw NPYHeaderProblem(
                "has format version \(version.major).\(version.minor); expected 1.0 or 2.0")
        }
        let lengthSize = version.major == 1 ? 2 : 4
        guard file.size >= start + lengthSize else { throw endsInHeader }
        let length = try file.read(lengthSize).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= maximumLength else {
            throw NPYHeaderProblem(
                "has a header of \(length) bytes; up to \(maximumLength) are read")
        }
        guard file.size >= start + lengthSize + length else { throw endsInHeader }
        return (try NPYHeader(parsing: file.read(length)), start + lengthSize + length)
    }

    private static var endsInHeader: NPYHeaderProblem {
        NPYHeaderProblem("ends within its header: the file is incomplete")
    }

    /// Parses the dictionary.
    /// - Throws: `NPYHeaderProblem` with a clause about the file.
    private init(parsing text: [UInt8]) throws(NPYHeaderProblem) {
        var parser = PythonDictionaryParser(text)
        let entries = try parser.dictionary()
        guard case .string(let descr)? = entries["descr"] else {
            throw NPYHeaderProblem("has no single element type; structured arrays are not read")
        }
        guard case .boolean(let isColumnMajor)? = entries["fortran_order"],
            case .tuple(let shape)? = entries["shape"], entries.count == 3
        else {
            throw NPYHeaderProblem("has a header without exactly descr, fortran_order and shape")
        }
        guard !isColumnMajor else {
            throw NPYHeaderProblem(
                "is in column-major (Fortran) order; save numpy.ascontiguousarray(x) instead")
        }
        self.descr = descr
        self.shape = shape
    }

    /// The number of elements, of so many bytes each, that follow the first `length` bytes.
    ///
    /// - Throws: `NPYHeaderProblem` when the file's size is not exactly what the header promises.
    func count(
        elementSize: Int, after length: Int, fileSize: Int
    ) throws(NPYHeaderProblem) -> Int {
        let count = try Self.count(of: shape, elementSize: elementSize)
        let expected = length + count * elementSize
        guard fileSize == expected else {
            throw NPYHeaderProblem(
                "has \(fileSize) bytes; expected \(expected) for '\(descr)' of shape \(shape):"
                    + " the file is incomplete or damaged")
        }
        return count
    }

    /// The product of the shape.
    private static func count(
        of shape: [Int], elementSize: Int
    ) throws(NPYHeaderProblem) -> Int {
        if shape.contains(0) { return 0 }
        var size = elementSize
        for extent in shape {
            let (product, overflows) = size.multipliedReportingOverflow(by: extent)
            guard !overflows && product <= maximumSize else {
                throw NPYHeaderProblem("has an impossible shape \(shape)")
            }
            size = product
        }
        return size / elementSize
    }

    /// Writes a .npy file of format 1.0; a file of that name is replaced, in one step.
    ///
    /// - Parameter elements: as they lie in the file.
    /// - Throws: `NPYError`.
    static func write<Element: BitwiseCopyable>(
        _ elements: [Element], descr: String, shape: [Int], to path: String
    ) throws {
        do {
            try writeAtomically(to: path) { file in
                try file.write(encoded(descr: descr, shape: shape))
                try elements.withUnsafeBytes { try file.write($0) }
            }
        } catch let error as FileError {
            throw NPYError(path: path, problem: error.problem)
        }
    }

    /// Magic, version 1.0, length and dictionary, padded so that the data begins at a multiple of
    /// 64 bytes.
    private static func encoded(descr: String, shape: [Int]) -> [UInt8] {
        let extents = shape.map(String.init).joined(separator: ", ")
        let tuple = shape.count == 1 ? "(\(extents),)" : "(\(extents))"
        var text = Array("{'descr': '\(descr)', 'fortran_order': False, 'shape': \(tuple), }".utf8)
        let prefix = NPYArray.magic.count + 4
        let padding = 63 - (prefix + text.count) % 64
        text += Array(repeating: UInt8(ascii: " "), count: padding) + [UInt8(ascii: "\n")]
        return NPYArray.magic + [1, 0, UInt8(text.count & 255), UInt8(text.count >> 8)] + text
    }
}

/// A clause about the file, to which the reader adds the path.
struct NPYHeaderProblem: Error, Equatable {
    let text: String

    init(_ text: String) { self.text = text }
}

/// Opens a file and reads it; what is wrong with it is said with its path.
///
/// - Throws: `NPYError`, where `read` throws `NPYHeaderProblem` or `FileError`.
func readingNPY<Result>(
    _ path: String, _ read: (borrowing InputFile) throws -> Result
) throws -> Result {
    do {
        return try read(InputFile(path: path))
    } catch let error as FileError {
        throw NPYError(path: path, problem: error.problem)
    } catch let error as NPYHeaderProblem {
        throw NPYError(path: path, problem: error.text)
    }
}

/// Reads elements in pieces, so that a large file does not need its size twice.
///
/// - Parameter value: what becomes of an element, in the order of the file.
func readElements<Element: BitwiseCopyable, Value: BitwiseCopyable>(
    of file: borrowing InputFile, _ type: Element.Type, _ count: Int,
    _ value: (Element) throws -> Value
) throws -> [Value] {
    let size = MemoryLayout<Element>.size
    let piece = UnsafeMutableBufferPointer<Element>.allocate(capacity: min(count, 1 << 16))
    defer { piece.deallocate() }
    return try [Value](unsafeUninitializedCapacity: count) { values, initialized in
        while initialized < count {
            let length = min(piece.count, count - initialized)
            let bytes = UnsafeMutableRawBufferPointer(
                start: piece.baseAddress, count: length * size)
            try file.read(into: bytes)
            for i in 0..<length { values[initialized + i] = try value(piece[i]) }
            initialized += length
        }
    }
}
