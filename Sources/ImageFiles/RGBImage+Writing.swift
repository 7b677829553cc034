import CImageLibraries
import FileIO

extension RGBImage {
    /// Writes a PNG file; a file of that name is replaced, in one step.
    ///
    /// - Throws: `ImageFileError`.
    public func write(to path: String) throws {
        let bytes = try encodedAsPNG(path: path)
        do {
            try writeAtomically(bytes, to: path)
        } catch let error as FileError {
            throw ImageFileError(path: path, reason: .unwritable, problem: error.problem)
        }
    }

    private func encodedAsPNG(path: String) throws -> [UInt8] {
        var report = image_report()
        var succeeded: Int32 = 0
        let (columns, rows) = (UInt32(width), UInt32(height))
        var size = image_png_bound(columns, rows)
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
            succeeded = image_png_encode(
                pixels, columns, rows, buffer.baseAddress, &size, &report)
            initialized = succeeded != 0 ? size : 0
        }
        guard succeeded != 0 else {
            throw ImageFileError(
                path: path, reason: .unwritable, problem: "cannot be encoded: \(report.text)")
        }
        return bytes
    }
}
