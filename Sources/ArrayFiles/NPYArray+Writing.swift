extension NPYArray {
    /// Writes a .npy file of format 1.0; a file of that name is replaced, in one step.
    ///
    /// - Throws: `NPYError`.
    public func write(to path: String) throws {
        switch elementType {
        case .float32: try write(values.map(\.bitPattern.littleEndian), to: path)
        case .float64: try write(values.map { Double($0).bitPattern.littleEndian }, to: path)
        case .uint8: try write(values.map { UInt8($0) }, to: path)
        }
    }

    private func write<Element: BitwiseCopyable>(_ elements: [Element], to path: String) throws {
        try NPYHeader.write(elements, descr: elementType.rawValue, shape: shape, to: path)
    }

    /// Writes bytes as uint8, without a copy of them: an array of `Float` would hold a large photo once more,
    /// with four bytes for each of its own.
    ///
    /// - Precondition: the shape has as many.
    /// - Throws: `NPYError`.
    public static func write(bytes: [UInt8], shape: [Int], to path: String) throws {
        precondition(bytes.count == shape.reduce(1, *), "the shape has another number of elements")
        try NPYHeader.write(bytes, descr: ElementType.uint8.rawValue, shape: shape, to: path)
    }
}
