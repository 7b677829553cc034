import CImageLibraries
import FileIO

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

extension RGBImage {
    /// Reads a PNG or JPEG file; its content says which, not its name.
    ///
    /// The pixels are those of Pillow's `Image.open(path).convert("RGB")`: grey is replicated,
    /// palettes are looked up, transparency is dropped (not blended), gamma and colour profiles are
    /// left alone, and CMYK is converted by the inks' plain formula. Of 16 bits the high byte stays;
    /// here Pillow differs for grey pictures, where it clips.
    ///
    /// - Parameter ignoringOrientation: whether a photo stays as its sensor saw it, as in Pillow and in
    ///   the evaluation of the published networks. Else it is turned as its camera was held (EXIF),
    ///   which is what `ImageOps.exif_transpose` does and what people see.
    /// - Throws: `ImageFileError`.
    public init(contentsOf path: String, ignoringOrientation: Bool = false) throws {
        try self.init(
            decoding: Self.readBytes(path), path: path, ignoringOrientation: ignoringOrientation)
    }

    /// Decodes a file in memory; `path` is for messages.
    init(decoding bytes: [UInt8], path: String, ignoringOrientation: Bool = false) throws {
        guard let format = ImageFormat(of: bytes) else {
            throw ImageFileError(
                path: path, reason: .unknownFormat,
                problem: bytes.isEmpty
                    ? "is empty; expected a PNG or JPEG picture"
                    : "is neither PNG nor JPEG by its first bytes; convert it to one of them")
        }
        let (width, height) = try format.size(of: bytes, path: path)
        let (pixels, orientation) = try format.decode(
            bytes, width: width, height: height, path: path)
        let image = RGBImage(width: width, height: height, pixels: pixels)
        self = ignoringOrientation ? image : image.turned(orientation)
    }

    private static func readBytes(_ path: String) throws -> [UInt8] {
        do {
            let file = try InputFile(path: path)
            guard file.size <= maximumFileSize else {
                throw ImageFileError(
                    path: path, reason: .tooLarge,
                    problem: "has \(file.size) bytes; pictures up to \(maximumFileSize) are read")
            }
            return try file.read(file.size)
        } catch let error as FileError {
            throw ImageFileError(path: path, reason: .unreadable, problem: error.problem)
        }
    }
}

/// The formats that are read, and the functions that do it.
enum ImageFormat: String {
    case png = "PNG"
    case jpeg = "JPEG"

    /// By the signature at the start of the file.
    init?(of bytes: [UInt8]) {
        if bytes.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) {
            self = .png
        } else if bytes.starts(with: [0xff, 0xd8, 0xff]) {
            self = .jpeg
        } else {
            return nil
        }
    }

    func size(of bytes: [UInt8], path: String) throws -> (width: Int, height: Int) {
        var report = image_report()
        let succeeded =
            switch self {
            case .png: image_png_size(bytes, bytes.count, &report)
            case .jpeg: image_jpeg_size(bytes, bytes.count, &report)
            }
        guard succeeded != 0 else { throw damage(report, path: path) }
        let (width, height) = (Int(report.width), Int(report.height))
        guard max(width, height) <= RGBImage.maximumSide else {
            throw ImageFileError(
                path: path, reason: .tooLarge,
                problem: "is \(width)×\(height) pixels;"
                    + " sides up to \(RGBImage.maximumSide) are read")
        }
        return (width, height)
    }

    /// The pixels, and how the picture lies in them.
    func decode(
        _ bytes: [UInt8], width: Int, height: Int, path: String
    ) throws -> (pixels: [UInt8], orientation: Orientation) {
        var report = image_report()
        var exif = image_block()
        defer { free(exif.bytes) }
        var succeeded: Int32 = 0
        let size = width * height * 3
        let pixels = [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
            let (columns, rows) = (UInt32(width), UInt32(height))
            let rgb = buffer.baseAddress
            succeeded =
                switch self {
                case .png:
                    image_png_decode(bytes, bytes.count, columns, rows, rgb, &exif, &report)
                case .jpeg:
                    image_jpeg_decode(bytes, bytes.count, columns, rows, rgb, &report)
                }
            initialized = succeeded != 0 ? size : 0
        }
        guard succeeded != 0 else { throw damage(report, path: path) }
        let orientation =
            switch self {
            case .png: Orientation(ofEXIF: exif.content[...])
            case .jpeg: Orientation(ofJPEG: bytes)
            }
        return (pixels, orientation)
    }

    private func damage(_ report: image_report, path: String) -> ImageFileError {
        ImageFileError(
            path: path, reason: .damaged,
            problem: "cannot be decoded as \(rawValue): \(report.text)")
    }
}

extension image_block {
    fileprivate var content: [UInt8] {
        [UInt8](UnsafeBufferPointer(start: bytes, count: count))
    }
}

extension image_report {
    /// The library's reason, from a C string in a fixed array.
    var text: String {
        withUnsafeBytes(of: message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
