import FileIO

extension NPYArray {
    /// Reads a .npy file of format 1.0 or 2.0 with elements `<f4`, `<f8` or `|u1` in C order.
    ///
    /// A generated library's harness reads the same files in C (Templates/c/harness/npy_read.c);
    /// NPYReadersTests holds the two together.
    ///
    /// - Throws: `NPYError` for any other content, among it a file whose size is not exactly what
    ///   its header promises. Nothing is allocated before the size has been checked.
    public init(contentsOf path: String) throws {
        do {
            let file = try InputFile(path: path)
            let (header, length) = try Self.readHeader(file)
            let expected = length + header.count * header.elementType.size
            guard file.size == expected else {
                throw NPYHeaderProblem(
                    "has \(file.size) bytes; expected \(expected) for '"
                        + "\(header.elementType.rawValue)' of shape \(header.shape):"
                        + " the file is incomplete or damaged")
            }
            self.init(
                shape: header.shape, values: try Self.readValues(file, header),
                elementType: header.elementType)
        } catch let error as FileError {
            throw NPYError(path: path, problem: error.problem)
        } catch let error as NPYHeaderProblem {
            throw NPYError(path: path, problem: error.text)
        }
    }

    /// The header, and the number of bytes before the data.
    private static func readHeader(_ file: borrowing InputFile) throws -> (NPYHeader, length: Int) {
        let start = NPYHeader.magic.count + 2
        guard file.size >= start, case let bytes = try file.read(start),
            bytes.starts(with: NPYHeader.magic)
        else { throw NPYHeaderProblem("is no NumPy file: it does not begin with \\x93NUMPY") }
        let version = (major: bytes[start - 2], minor: bytes[start - 1])
        guard version == (1, 0) || version == (2, 0) else {
            throw NPYHeaderProblem(
                "has format version \(version.major).\(version.minor); expected 1.0 or 2.0")
        }
        let lengthSize = version.major == 1 ? 2 : 4
        guard file.size >= start + lengthSize else { throw endsInHeader }
        let length = try file.read(lengthSize).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= NPYHeader.maximumLength else {
            throw NPYHeaderProblem(
                "has a header of \(length) bytes; up to \(NPYHeader.maximumLength) are read")
        }
        guard file.size >= start + lengthSize + length else { throw endsInHeader }
        return (try NPYHeader(parsing: file.read(length)), start + lengthSize + length)
    }

    private static var endsInHeader: NPYHeaderProblem {
        NPYHeaderProblem("ends within its header: the file is incomplete")
    }

    private static func readValues(
        _ file: borrowing InputFile, _ header: NPYHeader
    ) throws -> [Float] {
        switch header.elementType {
        case .float32:
            return try readElements(file, UInt32.self, header.count) {
                Float(bitPattern: UInt32(littleEndian: $0))
            }
        case .float64:
            return try readElements(file, UInt64.self, header.count) {
                Float(Double(bitPattern: UInt64(littleEndian: $0)))
            }
        case .uint8:
            return try readElements(file, UInt8.self, header.count) { Float($0) }
        }
    }

    /// Reads in pieces, so that a large file does not need its size twice.
    private static func readElements<Element: BitwiseCopyable>(
        _ file: borrowing InputFile, _ type: Element.Type, _ count: Int,
        _ value: (Element) -> Float
    ) throws -> [Float] {
        let size = MemoryLayout<Element>.size
        let piece = UnsafeMutableBufferPointer<Element>.allocate(capacity: min(count, 1 << 16))
        defer { piece.deallocate() }
        return try [Float](unsafeUninitializedCapacity: count) { values, initialized in
            while initialized < count {
                let length = min(piece.count, count - initialized)
                let bytes = UnsafeMutableRawBufferPointer(
                    start: piece.baseAddress, count: length * size)
                try file.read(into: bytes)
                for i in 0..<length { values[initialized + i] = value(piece[i]) }
                initialized += length
            }
        }
    }
}
