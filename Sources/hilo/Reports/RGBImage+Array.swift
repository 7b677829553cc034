import FileIO
import ImageFiles

extension RGBImage {
    /// Writes the pixels as a NumPy file, uint8 of height x width x 3, straight from where they are:
    /// an `NPYArray` would hold a large photo once more, with four bytes for each of its own.
    ///
    /// - Throws: `FileError`.
    func writeArray(to path: String) throws {
        // Of format 1.0.
        let magic: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
        var text = "{'descr': '|u1', 'fortran_order': False, 'shape': (\(height), \(width), 3), }"
        // Data begins at a multiple of 64 bytes, behind the header's length in two bytes.
        let unpadded = magic.count + 2 + text.utf8.count + 1
        text += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
        let length = text.utf8.count
        try writeAtomically(to: path) { file in
            try file.write(magic + [UInt8(length & 255), UInt8(length >> 8)])
            try file.write(Array(text.utf8))
            try file.write(pixels)
        }
    }
}
