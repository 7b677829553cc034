import FileIO
import Foundation

/// Plans and writes a safetensors file; equal input gives equal bytes.
///
/// The whole layout is known before a single value is, so that code which maps the file can be
/// generated from `placements`. The data section begins at a multiple of 64 bytes.
public struct SafetensorsWriter: Sendable {
    /// One tensor to be written, row-major and little-endian.
    public struct Tensor: Sendable, Equatable {
        public let name: String
        public let elementType: StoredType
        public let shape: [Int]

        public init(name: String, elementType: StoredType, shape: [Int]) {
            self.name = name
            self.elementType = elementType
            self.shape = shape
        }
    }

    /// Where a tensor lies.
    public struct Placement: Sendable, Equatable {
        public let tensor: Tensor
        /// Bytes from the start of the file.
        public let offset: Int
        public let byteCount: Int
    }

    /// The data section begins at a multiple of this many bytes.
    public static let dataAlignment = 64

    /// Length field, JSON and padding: what stands before the first tensor.
    public let header: Data
    /// In the order of the file.
    public let placements: [Placement]
    private let metadata: [String: String]

    /// Size of the whole file in bytes.
    public var fileSize: Int {
        placements.last.map { $0.offset + $0.byteCount } ?? header.count
    }

    /// - Parameters:
    ///   - keepingOrder: false sorts by element size, largest first, then by name, which aligns
    ///     every tensor to its element; true keeps the given order, whatever that aligns.
    /// - Throws: `CheckpointError` when a name occurs twice or a shape is impossible.
    public init(
        tensors: [Tensor], metadata: [String: String] = [:], keepingOrder: Bool = false
    ) throws {
        let ordered = keepingOrder ? tensors : tensors.sorted(by: Self.precedes)
        let sizes = try blaming("safetensors output") { try Self.byteCounts(ordered) }
        var offset = 0
        let ranges = sizes.map { size in
            defer { offset += size }
            return offset..<offset + size
        }
        let header = Self.header(zip(ordered, ranges), metadata: metadata)
        self.header = header
        self.metadata = metadata
        placements = zip(ordered, ranges).map { tensor, range in
            Placement(
                tensor: tensor, offset: header.count + range.lowerBound, byteCount: range.count)
        }
    }

    /// Writes the file, crash-safely; `bytes` is asked for each tensor once, in file order.
    ///
    /// - Parameter checksum: the key of the metadata that gets the `Checksum` of all tensors, which is
    ///   known last; its value was `Checksum.none` until then.
    /// - Throws: `CheckpointError` of kind `unwritable`, or what `bytes` throws.
    /// - Precondition: `bytes` returns exactly the placement's `byteCount` bytes.
    public func write(
        to path: String, checksum key: String? = nil, bytes: (Tensor) throws -> Data
    ) throws {
        do {
            try writeAtomically(to: path) { file in
                var checksum = Checksum()
                try file.write(header)
                for placement in placements {
                    let data = try bytes(placement.tensor)
                    precondition(data.count == placement.byteCount, "tensor of another size")
                    if key != nil { data.withUnsafeBytes { checksum.add($0) } }
                    try file.write(data)
                }
                if let key { try file.rewriteStart(header(with: checksum, as: key)) }
            }
        } catch let error as FileError {
            throw CheckpointError(path: path, flaw: Flaw(writing: error))
        }
    }

    private func header(with checksum: Checksum, as key: String) -> Data {
        let ranges = placements.map {
            ($0.tensor, $0.offset - header.count..<$0.offset - header.count + $0.byteCount)
        }
        let sealed = Self.header(ranges, metadata: metadata.merging([key: checksum.digits]) { $1 })
        precondition(sealed.count == header.count, "a checksum of another length")
        return sealed
    }

    private static func precedes(_ a: Tensor, _ b: Tensor) -> Bool {
        (-a.elementType.byteCount, a.name) < (-b.elementType.byteCount, b.name)
    }

    /// Sizes whose sum is known to fit.
    private static func byteCounts(_ tensors: [Tensor]) throws -> [Int] {
        var names: Set<String> = ["__metadata__"]
        var total = 0
        return try tensors.map { tensor in
            guard names.insert(tensor.name).inserted else {
                throw Flaw(kind: .unwritable, problem: "two tensors are named \(tensor.name)")
            }
            guard let size = checkedProduct(tensor.shape + [tensor.elementType.byteCount]),
                let sum = checkedSum(total, size)
            else {
                throw Flaw(
                    kind: .unwritable,
                    problem: "tensor \(tensor.name) has the impossible shape \(tensor.shape)")
            }
            total = sum
            return size
        }
    }

    private static func header(
        _ tensors: some Sequence<(Tensor, Range<Int>)>, metadata: [String: String]
    ) -> Data {
        var members: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }
                .map { "\(quoted($0.key)):\(quoted($0.value))" }
            members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
        }
        for (tensor, range) in tensors {
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            members.append(
                "\(quoted(tensor.name)):{\"dtype\":\"\(tensor.elementType.safetensorsName)\","
                    + "\"shape\":[\(shape)],"
                    + "\"data_offsets\":[\(range.lowerBound),\(range.upperBound)]}")
        }
        var json = Data("{\(members.joined(separator: ","))}".utf8)
        let padding = dataAlignment - 1 - (8 + json.count + dataAlignment - 1) % dataAlignment
        json.append(Data(repeating: UInt8(ascii: " "), count: padding))
        return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) } + json
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\u{0}"..."\u{1f}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
