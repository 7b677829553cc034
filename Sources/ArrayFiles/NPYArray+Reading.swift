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
        self = try readingNPY(path) { file in
            let (header, length) = try NPYHeader.read(from: file)
            guard let elementType = ElementType(rawValue: header.descr) else {
                throw NPYHeaderProblem(
                    "has elements of type '\(header.descr)'; expected '<f4', '<f8' or '|u1':"
                        + " convert with astype('<f4')")
            }
            let count = try header.count(
                elementSize: elementType.size, after: length, fileSize: file.size)
            return NPYArray(
                shape: header.shape, values: try Self.readValues(file, elementType, count),
                elementType: elementType)
        }
    }

    private static func readValues(
        _ file: borrowing InputFile, _ elementType: ElementType, _ count: Int
    ) throws -> [Float] {
        switch elementType {
        case .float32:
            return try readElements(of: file, UInt32.self, count) {
                Float(bitPattern: UInt32(littleEndian: $0))
            }
        case .float64:
            return try readElements(of: file, UInt64.self, count) {
                Float(Double(bitPattern: UInt64(littleEndian: $0)))
            }
        case .uint8:
            return try readElements(of: file, UInt8.self, count) { Float($0) }
        }
    }
}
