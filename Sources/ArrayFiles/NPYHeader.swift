/// The header of a .npy file: a Python dictionary that names element type, order and shape.
/// The format is NumPy's, `numpy.lib.format`, versions 1.0 and 2.0.
struct NPYHeader: Equatable {
    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    /// Longer headers describe structured arrays, which are not read.
    static let maximumLength = 64 << 10
    /// Bytes of data that no file reaches, far enough below `Int.max` to add to.
    private static let maximumSize = 1 << 60

    let elementType: NPYArray.ElementType
    let shape: [Int]
    /// The product of the shape.
    let count: Int

    /// Parses the dictionary.
    /// - Throws: `NPYHeaderProblem` with a clause about the file.
    init(parsing text: [UInt8]) throws(NPYHeaderProblem) {
        var parser = PythonDictionaryParser(text)
        let entries = try parser.dictionary()
        guard case .string(let description)? = entries["descr"] else {
            throw NPYHeaderProblem("has no single element type; structured arrays are not read")
        }
        guard let elementType = NPYArray.ElementType(rawValue: description) else {
            throw NPYHeaderProblem(
                "has elements of type '\(description)'; expected '<f4', '<f8' or '|u1':"
                    + " convert with astype('<f4')")
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
        self.elementType = elementType
        self.shape = shape
        count = try Self.count(of: shape, elementSize: elementType.size)
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

    /// Magic, version 1.0, length and dictionary, padded so that the data begins at a multiple of
    /// 64 bytes.
    static func encoded(elementType: NPYArray.ElementType, shape: [Int]) -> [UInt8] {
        let extents = shape.map(String.init).joined(separator: ", ")
        let tuple = shape.count == 1 ? "(\(extents),)" : "(\(extents))"
        var text = Array(
            "{'descr': '\(elementType.rawValue)', 'fortran_order': False, 'shape': \(tuple), }".utf8
        )
        let prefix = magic.count + 4
        let padding = 63 - (prefix + text.count) % 64
        text += Array(repeating: UInt8(ascii: " "), count: padding) + [UInt8(ascii: "\n")]
        return magic + [1, 0, UInt8(text.count & 255), UInt8(text.count >> 8)] + text
    }
}

/// A clause about the file, to which the reader adds the path.
struct NPYHeaderProblem: Error, Equatable {
    let text: String

    init(_ text: String) { self.text = text }
}
