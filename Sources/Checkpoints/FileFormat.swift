import FileIO

/// The kinds of checkpoint, told apart by content.
public enum FileFormat: Sendable, CustomStringConvertible {
    case safetensors, torchZip, torchLegacy
    /// The JSON file of a checkpoint in shards, which says in which of them each tensor is.
    case shardIndex

    public var description: String {
        switch self {
        case .safetensors: "safetensors"
        case .torchZip: "PyTorch (zip)"
        case .torchLegacy: "PyTorch (legacy, before 1.6)"
        case .shardIndex: "index of shards (JSON)"
        }
    }

    init(of file: MappedFile) throws {
        let bytes = file.bytes
        guard !bytes.isEmpty else { throw Flaw.damaged("is empty (0 bytes)") }
        guard bytes.count >= 8 else {
            throw Flaw.damaged(
                "has only \(bytes.count) bytes", expected: "a .pth or .safetensors checkpoint")
        }
        if bytes.starts(with: [0x50, 0x4b, 0x03, 0x04]) {
            self = .torchZip
        } else if bytes.count > 8, bytes[8] == UInt8(ascii: "{") {
            self = .safetensors
        } else if Self.isPickle(bytes) {
            self = try Self.pickleFormat(bytes)
        } else if bytes.first(where: { $0 > UInt8(ascii: " ") }) == UInt8(ascii: "{") {
            self = .shardIndex
        } else {
            throw Self.unrecognized(bytes)
        }
    }

    private static func isPickle(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes[0] == PickleOpcode.proto.rawValue && (2...5).contains(bytes[1])
    }

    private static func pickleFormat(_ bytes: UnsafeRawBufferPointer) throws -> FileFormat {
        // The magic number follows PROTO, in protocol 4 a FRAME of nine bytes, and LONG1's length.
        let header = bytes.prefix(32)
        let starts = [4, 13]
        guard starts.contains(where: { header.dropFirst($0).starts(with: TorchLegacy.magic) })
        else {
            throw Flaw.unsupported(
                "is a Python pickle that torch.save did not write, or only its beginning",
                expected: "a checkpoint made by torch.save", hint: Flaw.resave)
        }
        return .torchLegacy
    }

    private static func unrecognized(_ bytes: UnsafeRawBufferPointer) -> Flaw {
        let start = String(decoding: bytes.prefix(512), as: UTF8.self)
            .drop { $0.isWhitespace || $0 == "\u{feff}" }
        if start.first == "<" {
            return found(
                "an HTML or XML page",
                "the download got a web page instead of the file: "
                    + "use the direct link")
        }
        if start.hasPrefix("version https://git-lfs") {
            return found("a Git LFS pointer", "run 'git lfs pull' to get the file itself")
        }
        if bytes.count > 262, bytes[257..<262].elementsEqual("ustar".utf8) {
            return found(
                "a tar archive",
                "if a checkpoint is packed in it, unpack it; if an early PyTorch (0.1) wrote it: "
                    + Flaw.resave)
        }
        if bytes.starts(with: [0x1f, 0x8b]) {
            return found("compressed with gzip", "unpack it with gunzip")
        }
        let digits = bytes.prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return found(
            "of an unknown format (it begins with \(digits.joined(separator: " ")))",
            "check that this is the right file and that its download is complete")
    }

    private static func found(_ what: String, _ hint: String) -> Flaw {
        .unsupported(
            "is \(what), not a checkpoint",
            expected: "a .pth file of torch.save, or a .safetensors file", hint: hint)
    }
}
