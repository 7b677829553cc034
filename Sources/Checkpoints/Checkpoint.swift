import FileIO
import Foundation

/// A checkpoint on disk: names, shapes and types at once, values on demand.
///
/// The file is mapped, not loaded, and stays mapped as long as the checkpoint or any `Data` from it
/// lives. Reading executes nothing that the file says: it is parsed as data, and every size in it
/// is checked before it is used.
public struct Checkpoint: Sendable {
    /// The file, as the caller named it.
    public let path: String
    public let format: FileFormat
    /// The model's tensors by their names in the file. Of a training checkpoint these are the
    /// tensors of the model, not those of the optimizer.
    public let tensors: [String: TensorRecord]
    /// `__metadata__` of a safetensors file, else empty.
    public let metadata: [String: String]
    /// `config` of a training checkpoint.
    public let configuration: ConfigurationValue?
    /// `meta` of a checkpoint of OpenMMLab's tools: how and with what it was trained.
    public let training: ConfigurationValue?
    /// Python names in the file, sorted, that nothing is known about. They were not executed.
    public let opaqueGlobals: [String]
    /// What stands beside the tensors and cannot be weights, by name: "a tensor of
    /// torch.BoolStorage", "None".
    public let unread: [String: String]
    /// Under which name of a torch file the tensors were, such as `model`; empty when the file is
    /// a bare state_dict, nil for other formats.
    public let stateDictionary: String?
    /// All names under which the torch file has state_dicts, in the order in which they are
    /// taken when none is chosen.
    public let stateDictionaries: [String]

    /// Several when the checkpoint is in shards.
    let files: [MappedFile]

    /// The names of `tensors`, sorted.
    public var names: [String] { tensors.keys.sorted() }

    /// Reads a checkpoint; the format is told by its content, not by the name's suffix.
    ///
    /// - Parameters:
    ///   - stateDict: which of `stateDictionaries` to take; nil takes the first. The order is
    ///     `model`, `state_dict`, `model_state_dict`, `net`, `module`, `state_dict_ema`,
    ///     `model_ema`, the object itself, then any other dict that holds tensors.
    ///   - verifyingChecksums: compares the model's tensors in a zip file with their checksums,
    ///     which loads all of them.
    /// - Throws: `CheckpointError`.
    public static func read(
        path: String, stateDict: String? = nil, verifyingChecksums: Bool = true
    ) throws -> Checkpoint {
        try blaming(path) {
            try Checkpoint(
                MappedFile(path: path), path: path, stateDict: stateDict,
                verifyingChecksums: verifyingChecksums)
        }
    }

    init(
        _ file: MappedFile, path: String, stateDict: String? = nil, verifyingChecksums: Bool
    ) throws {
        self.path = path
        format = try FileFormat(of: file)
        let contents: FileContents
        switch format {
        case .safetensors:
            try Self.refuse(choice: stateDict)
            contents = try SafetensorsReader.read(file)
            files = [file]
        case .shardIndex:
            try Self.refuse(choice: stateDict)
            (contents, files) = try ShardIndex(of: file).read(
                path: path, verifyingChecksums: verifyingChecksums)
        case .torchZip:
            contents = try TorchZip.read(
                file, stateDict: stateDict, verifyingChecksums: verifyingChecksums)
            files = [file]
        case .torchLegacy:
            contents = try TorchLegacy.read(file, stateDict: stateDict)
            files = [file]
        }
        // Those in shards were compared with their own files.
        if format != .shardIndex {
            try Self.checkExpansion(contents.records, fileSize: file.count)
        }
        tensors = Dictionary(contents.records.map { ($0.name, $0) }) { first, _ in first }
        metadata = contents.metadata
        configuration = contents.configuration
        training = contents.training
        opaqueGlobals = contents.opaqueGlobals.sorted()
        unread = contents.unread
        stateDictionary = contents.stateDictionary
        stateDictionaries = contents.stateDictionaries
    }

    private static func refuse(choice: String?) throws {
        guard let choice else { return }
        throw Flaw.unsupported(
            "has no state_dict named '\(choice)': only files of torch.save can have several",
            hint: "read it without a choice")
    }

    /// Repeated (stride 0) and shared elements let a small file describe tensors without bound.
    private static func checkExpansion(_ records: [TensorRecord], fileSize: Int) throws {
        let limit = checkedProduct([fileSize, 8]).flatMap { checkedSum($0, 64 << 20) } ?? .max
        var total = 0
        for record in records {
            guard let sum = checkedSum(total, record.byteCount), sum <= limit else {
                throw Flaw.damaged(
                    "its tensors up to \(record.name) unfold to more than \(limit) bytes, "
                        + "from a file of \(fileSize)")
            }
            total = sum
        }
    }
}

// MARK: Values

extension Checkpoint {
    /// The values of a tensor, row-major, rounded or widened to `Float`.
    ///
    /// - Throws: `CheckpointError` when there is no tensor of that name.
    public func floats(_ name: String) throws -> [Float] {
        let record = try record(name)
        return withPackedBytes(record) { record.elementType.floats(from: $0) }
    }

    /// The values of a tensor as they are stored: row-major, little-endian, in its element type.
    /// Tensors that lie packed in the file are not copied.
    ///
    /// - Throws: `CheckpointError` when there is no tensor of that name.
    public func bytes(_ name: String) throws -> Data {
        let record = try record(name)
        if let range = record.packedRange { return files[record.file].data(in: range) }
        return withPackedBytes(record) { Data($0) }
    }

    /// Writes all tensors, in their own types and under their own names, as safetensors.
    ///
    /// - Throws: `CheckpointError` of kind `unwritable`.
    public func writeSafetensors(to path: String) throws {
        let tensors = tensors.values.map {
            SafetensorsWriter.Tensor(name: $0.name, elementType: $0.elementType, shape: $0.shape)
        }
        // What the Hugging Face libraries look for in a file of PyTorch tensors.
        let metadata = metadata.isEmpty ? ["format": "pt"] : metadata
        try SafetensorsWriter(tensors: tensors, metadata: metadata)
            .write(to: path) { try bytes($0.name) }
    }

    private func record(_ name: String) throws -> TensorRecord {
        guard let record = tensors[name] else {
            throw CheckpointError(
                path: path,
                flaw: Flaw(
                    kind: .mismatch, problem: "has no tensor \(name)",
                    hint: "list the tensors that it has"))
        }
        return record
    }

    private func withPackedBytes<Result>(
        _ record: TensorRecord, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        let file = files[record.file]
        if let range = record.packedRange {
            return body(UnsafeRawBufferPointer(rebasing: file.bytes[range]))
        }
        let storage = UnsafeRawBufferPointer(rebasing: file.bytes[record.storage])
        return record.pack(from: storage).withUnsafeBytes(body)
    }
}
