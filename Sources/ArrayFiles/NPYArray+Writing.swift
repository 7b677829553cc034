import FileIO

extension NPYArray {
    /// Writes a .npy file of format 1.0; a file of that name is replaced, in one step.
    ///
    /// - Throws: `NPYError`.
    public func write(to path: String) throws {
        let header = NPYHeader.encoded(elementType: elementType, shape: shape)
        do {
            switch elementType {
            case .float32:
                try Self.write(header, values.map(\.bitPattern.littleEndian), to: path)
            case .float64:
                let bits = values.map { Double($0).bitPattern.littleEndian }
                try Self.write(header, bits, to: path)
            case .uint8:
                try Self.write(header, values.map { UInt8($0) }, to: path)
            }
        } catch let error as FileError {
            throw NPYError(path: path, problem: error.problem)
        }
    }

    /// Writes bytes as uint8, without a copy of them: an array of `Float` would hold a large photo once more,
    /// with four bytes for each of its own.
    ///
    /// - Precondition: the shape has as many.
    /// - Throws: `NPYError`.
    public static func write(bytes: [UInt8], shape: [Int], to path: String) throws {
        precondition(bytes.count == shape.reduce(1, *), "the shape has another number of elements")
        do {
            try write(NPYHeader.encoded(elementType: .uint8, shape: shape), bytes, to: path)
        } catch let error as FileError {
            throw NPYError(path: path, problem: error.problem)
        }
    }

    private static func write<Element: BitwiseCopyable>(
        _ header: [UInt8], _ elements: [Element], to path: String
    ) throws {
        try writeAtomically(to: path) { file in
            try file.write(header)
            try elements.withUnsafeBytes { try file.write($0) }
        }
    }
}
