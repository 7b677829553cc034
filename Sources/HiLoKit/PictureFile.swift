import FileIO

/// A file of pictures of any sizes, one behind another, which `GeneratedLibrary.run(pictures:)`
/// takes. Templates/c/harness/picture_file.h says how they lie in it.
public enum PictureFile {
    /// What the file begins with.
    public static func start(pictures: Int) -> [UInt8] {
        Array("HILOPICS".utf8) + littleEndian(UInt64(pictures))
    }

    /// What stands before a picture's pixels, which are 8-bit RGB row by row.
    public static func start(width: Int, height: Int) -> [UInt8] {
        littleEndian(UInt32(width)) + littleEndian(UInt32(height))
    }

    private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
