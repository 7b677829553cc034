import FileIO

/// An array of whole numbers of 32 bits in a NumPy file (.npy).
public struct NPYIntegers: Equatable, Sendable {
    /// Extents, the slowest first; empty for a single number.
    public let shape: [Int]
    /// The elements in row-major (C) order; as many as the product of the shape.
    public let values: [Int32]

    /// - Precondition: no extent is negative, and `values` has as many elements as the shape says.
    public init(shape: [Int], values: [Int32]) {
        precondition(shape.count <= PythonDictionaryParser.maximumRank, "shape \(shape)")
        precondition(shape.allSatisfy { $0 >= 0 }, "shape \(shape)")
        precondition(
            values.count == shape.reduce(1, *), "\(values.count) values of shape \(shape)")
        self.shape = shape
        self.values = values
    }

    /// Reads a .npy file of format 1.0 or 2.0 whose elements are whole numbers of 1, 2, 4 or 8 bytes,
    /// little-endian and in C order.
    ///
    /// - Throws: `NPYError` for any other content, among it a number that has more than 32 bits, and
    ///   a file whose size is not exactly what its header promises. Nothing is allocated before the
    ///   size has been checked.
    public init(contentsOf path: String) throws {
        self = try readingNPY(path) { file in
            let (header, length) = try NPYHeader.read(from: file)
            guard let elementType = ElementType(descr: header.descr) else {
                throw NPYHeaderProblem(
                    "has elements of type '\(header.descr)'; expected whole numbers,"
                        + " little-endian: convert with astype('<i4')")
            }
            let count = try header.count(
                elementSize: elementType.size, after: length, fileSize: file.size)
            return NPYIntegers(
                shape: header.shape, values: try Self.readValues(file, elementType, count))
        }
    }

    /// Writes int32 of format 1.0; a file of that name is replaced, in one step.
    ///
    /// - Throws: `NPYError`.
    public func write(to path: String) throws {
        try NPYHeader.write(values.map(\.littleEndian), descr: "<i4", shape: shape, to: path)
    }

    // MARK: - Elements

    /// Whole numbers in a file.
    private struct ElementType {
        let isSigned: Bool
        /// Bytes of an element.
        let size: Int

        /// - Returns: nil when it is something else, or big-endian.
        init?(descr: String) {
            let letters = Array(descr)
            guard letters.count == 3, "<|".contains(letters[0]), "iu".contains(letters[1]),
                "1248".contains(letters[2]), let size = letters[2].wholeNumberValue
            else { return nil }
            isSigned = letters[1] == "i"
            self.size = size
        }
    }

    private static func readValues(
        _ file: borrowing InputFile, _ elementType: ElementType, _ count: Int
    ) throws -> [Int32] {
        switch (elementType.size, elementType.isSigned) {
        case (1, true): try readIntegers(file, Int8.self, count)
        case (1, false): try readIntegers(file, UInt8.self, count)
        case (2, true): try readIntegers(file, Int16.self, count)
        case (2, false): try readIntegers(file, UInt16.self, count)
        case (4, true): try readIntegers(file, Int32.self, count)
        case (4, false): try readIntegers(file, UInt32.self, count)
        case (_, true): try readIntegers(file, Int64.self, count)
        case (_, false): try readIntegers(file, UInt64.self, count)
        }
    }

    private static func readIntegers<Element: FixedWidthInteger & BitwiseCopyable>(
        _ file: borrowing InputFile, _ type: Element.Type, _ count: Int
    ) throws -> [Int32] {
        try readElements(of: file, type, count) {
            let number = Element(littleEndian: $0)
            guard let value = Int32(exactly: number) else {
                throw NPYHeaderProblem("has the number \(number), which has more than 32 bits")
            }
            return value
        }
    }
}
