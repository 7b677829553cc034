import FileIO

/// Reads the header of a safetensors file and checks all of it before a tensor is touched.
///
/// The format: an unsigned 64-bit length, that many bytes of JSON, then the tensors without gaps.
enum SafetensorsReader {
    static let maximumHeaderLength = 100_000_000

    private struct Entry {
        let name: String
        let dtype: String
        /// Nil for elements that cannot be weights; they are not read.
        let elementType: StoredType?
        let shape: [Int]
        /// Bytes in the data section.
        let range: Range<Int>
    }

    static func read(_ file: MappedFile) throws -> FileContents {
        var reader = ByteReader(file, in: 0..<file.count, part: "header")
        let length = try reader.size()
        guard length <= maximumHeaderLength else {
            throw Flaw.damaged(
                "its header would be \(length) bytes long",
                expected: "a safetensors header of at most \(maximumHeaderLength) bytes")
        }
        let header = try reader.bytes(length)
        guard header.first == UInt8(ascii: "{"),
            case .object(let members) = try HeaderJSON(header: header)
        else { throw Flaw.damaged("its header is not a JSON object") }
        return try contents(members, data: reader.position..<file.count)
    }

    private static func contents(
        _ members: [HeaderJSON.Member], data: Range<Int>
    ) throws -> FileContents {
        guard members.count <= TensorRecord.maximumCount else {
            throw Flaw.damaged(
                "its header lists \(members.count) tensors",
                expected: "at most \(TensorRecord.maximumCount)")
        }
        var contents = FileContents()
        var entries: [Entry] = []
        for member in members {
            if member.name == "__metadata__" {
                contents.metadata = try metadata(member.value)
            } else {
                entries.append(try entry(member))
            }
        }
        try checkTiling(entries, dataCount: data.count)
        for entry in entries {
            if let type = entry.elementType {
                contents.records.append(try record(entry, type, dataStart: data.lowerBound))
            } else {
                try TensorRecord.check(name: entry.name)
                contents.unread[entry.name] = "a tensor of the dtype \(entry.dtype)"
            }
        }
        return contents
    }

    private static func metadata(_ value: HeaderJSON) throws -> [String: String] {
        guard case .object(let members) = value else {
            throw Flaw.damaged("its __metadata__ is not an object of strings")
        }
        var metadata: [String: String] = [:]
        for member in members {
            guard case .string(let text) = member.value else {
                throw Flaw.damaged("its __metadata__ entry \(member.name) is not a string")
            }
            metadata[member.name] = text
        }
        return metadata
    }

    private static func entry(_ member: HeaderJSON.Member) throws -> Entry {
        let name = member.name
        guard case .object(let members) = member.value, members.count == 3 else {
            throw Flaw.damaged(
                "the entry of tensor \(name) is malformed",
                expected: "exactly dtype, shape and data_offsets")
        }
        let fields = Dictionary(members.map { ($0.name, $0.value) }) { first, _ in first }
        guard case .string(let dtype)? = fields["dtype"],
            let shape = integers(fields["shape"]),
            let offsets = integers(fields["data_offsets"]), offsets.count == 2
        else {
            throw Flaw.damaged(
                "the entry of tensor \(name) is malformed",
                expected: "dtype, shape and data_offsets")
        }
        guard offsets[0] <= offsets[1] else {
            throw Flaw.damaged("tensor \(name) ends before it begins: data_offsets \(offsets)")
        }
        return Entry(
            name: name, dtype: dtype, elementType: StoredType(safetensorsName: dtype),
            shape: shape, range: offsets[0]..<offsets[1])
    }

    private static func integers(_ value: HeaderJSON?) -> [Int]? {
        guard case .array(let elements)? = value else { return nil }
        let integers = elements.compactMap { element -> Int? in
            guard case .integer(let integer) = element else { return nil }
            return integer
        }
        return integers.count == elements.count ? integers : nil
    }

    /// The tensors must cover the data section without gap or overlap.
    private static func checkTiling(_ entries: [Entry], dataCount: Int) throws {
        var end = 0
        let ordered = entries.sorted {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }
        for entry in ordered {
            guard entry.range.lowerBound == end else {
                throw Flaw.damaged(
                    "tensor \(entry.name) begins at byte \(entry.range.lowerBound) of the data",
                    expected: "byte \(end), where the tensor before it ends")
            }
            end = entry.range.upperBound
        }
        guard end == dataCount else {
            throw Flaw.damaged(
                "has \(dataCount) bytes of tensor data", expected: "\(end) bytes by its header")
        }
    }

    private static func record(
        _ entry: Entry, _ elementType: StoredType, dataStart: Int
    ) throws -> TensorRecord {
        guard let count = checkedProduct(entry.shape),
            let byteCount = checkedProduct([count, elementType.byteCount]),
            byteCount == entry.range.count
        else {
            throw Flaw.damaged(
                "tensor \(entry.name) of shape \(describe(shape: entry.shape)) and type "
                    + "\(elementType) occupies \(entry.range.count) bytes",
                expected: "shape × element size")
        }
        let start = dataStart + entry.range.lowerBound
        return try TensorRecord(
            name: entry.name, shape: entry.shape, strides: TensorRecord.packedStrides(entry.shape),
            offset: 0, elementType: elementType, storage: start..<start + byteCount)
    }
}
