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

    private static func write<Element: BitwiseCopyable>(
        _ header: [UInt8], _ elements: [Element], to path: String
    ) throws {
        try writeAtomically(to: path) { file in
            try file.write(header)
            try elements.withUnsafeBytes { try file.write($0) }
        }
    }
}
