import FileIO

/// The entries of a zip file whose members are stored uncompressed, as PyTorch writes it.
///
/// The central directory is what counts (APPNOTE 6.3); local headers only tell where the data
/// begins. Every range is checked to lie inside the file and to overlap no other.
struct ZipArchive {
    struct Entry {
        let name: String
        /// The data, as bytes of the file.
        let range: Range<Int>
        let checksum: UInt32
    }

    let file: MappedFile
    /// In the order of the central directory.
    let entries: [Entry]
    private let indices: [String: Int]

    subscript(name: String) -> Entry? { indices[name].map { entries[$0] } }

    init(_ file: MappedFile, directory: ZipDirectory) throws {
        var indices: [String: Int] = [:]
        for (index, header) in directory.headers.enumerated() {
            try Self.check(header)
            guard indices.updateValue(index, forKey: header.name) == nil else {
                throw Flaw.damaged("its zip directory lists \(header.name) twice")
            }
        }
        entries = try directory.headers.map {
            try Self.locate($0, in: file, limit: directory.range.lowerBound)
        }
        try Self.checkDisjoint(zip(directory.headers, entries).map { ($0.localOffset, $1) })
        self.file = file
        self.indices = indices
    }

    /// Compares an entry with the checksum that the writer stored. PyTorch stores 0 when it is told
    /// not to compute any (`set_crc32_options`); nothing can be compared then.
    func verify(_ entry: Entry) throws {
        guard entry.checksum != 0 else { return }
        let found = CRC32.checksum(UnsafeRawBufferPointer(rebasing: file.bytes[entry.range]))
        guard found == entry.checksum else {
            throw Flaw.damaged(
                "its entry \(entry.name) has the checksum \(String(found, radix: 16))",
                expected: String(entry.checksum, radix: 16))
        }
    }

    private static func check(_ header: ZipDirectory.Header) throws {
        let name = header.name
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !name.isEmpty, !name.hasPrefix("/"), !parts.contains(".."), !name.contains("\\"),
            !name.contains("\0")
        else {
            throw Flaw.damaged("its zip directory has the unsafe name \(name.debugDescription)")
        }
        guard header.method == 0 else {
            throw Flaw.unsupported(
                "its zip entry \(name) is compressed (method \(header.method))",
                expected: "entries that are stored uncompressed, as torch.save writes them",
                hint: "use the .pth file inside, if there is one; else, \(Flaw.resave)")
        }
    }

    private static func locate(
        _ header: ZipDirectory.Header, in file: MappedFile, limit: Int
    ) throws -> Entry {
        guard header.localOffset <= limit else {
            throw Flaw.damaged("its zip entry \(header.name) lies outside the file")
        }
        var reader = ByteReader(file, in: header.localOffset..<limit, part: "zip entry")
        guard try reader.integer(UInt32.self) == 0x0403_4b50 else {
            throw Flaw.damaged("its zip entry \(header.name) has no local header")
        }
        _ = try reader.skip(22)
        let nameLength = Int(try reader.integer(UInt16.self))
        let extraLength = Int(try reader.integer(UInt16.self))
        guard try reader.string(nameLength) == header.name else {
            throw Flaw.damaged("its zip entry \(header.name) has another name in its local header")
        }
        _ = try reader.skip(extraLength)
        return Entry(
            name: header.name, range: try reader.skip(header.size), checksum: header.checksum)
    }

    private static func checkDisjoint(_ entries: [(start: Int, entry: Entry)]) throws {
        var end = 0
        for (start, entry) in entries.sorted(by: { $0.start < $1.start }) {
            guard start >= end else {
                throw Flaw.damaged("its zip entry \(entry.name) overlaps another")
            }
            end = entry.range.upperBound
        }
    }
}
