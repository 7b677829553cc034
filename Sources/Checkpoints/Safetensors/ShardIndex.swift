import FileIO
import Foundation

/// A checkpoint in shards: `model.safetensors.index.json` says in which file of its folder each
/// tensor is.
struct ShardIndex: Decodable {
    /// File names by the names of tensors.
    let weightMap: [String: String]

    private enum CodingKeys: String, CodingKey { case weightMap = "weight_map" }

    static let maximumLength = 16_000_000
    static let maximumShards = 1000

    init(of file: MappedFile) throws {
        let text = Data(file.bytes.prefix(Self.maximumLength))
        guard let index = try? JSONDecoder().decode(ShardIndex.self, from: text) else {
            throw Flaw.unsupported(
                "is a JSON file, or the beginning of one, not a checkpoint",
                expected: "a .pth or .safetensors file, or the index of one in shards, with "
                    + "\"weight_map\"",
                hint: "name the file with the weights, and check that its download is complete")
        }
        self = index
        try check()
    }

    /// Sorted.
    var shards: [String] { Set(weightMap.values).sorted() }

    /// Every shard lies beside the index, whatever the index says.
    private func check() throws {
        guard weightMap.count <= TensorRecord.maximumCount, shards.count <= Self.maximumShards
        else {
            throw Flaw.unsupported(
                "lists \(weightMap.count) tensors in \(shards.count) shards",
                expected: "at most \(TensorRecord.maximumCount) in \(Self.maximumShards)",
                hint: Flaw.resave)
        }
        let outside = shards.first { name in
            name.isEmpty || name == "." || name == ".."
                || name.unicodeScalars.contains { $0 == "/" || $0 == "\\" || $0 == "\0" }
        }
        if let outside {
            throw Flaw(
                kind: .damaged, problem: "names the shard '\(outside)'",
                expected: "names of files in its own folder",
                hint: "put index and shards into one folder, and correct the names in the index")
        }
    }

    /// Reads the shards, of which only the tensors count that the index says are there.
    ///
    /// - Parameter path: of the index.
    func read(
        path: String, verifyingChecksums: Bool
    ) throws -> (contents: FileContents, files: [MappedFile]) {
        var contents = FileContents()
        var files: [MappedFile] = []
        let names = Dictionary(grouping: weightMap.keys) { weightMap[$0] ?? "" }
        for name in shards {
            let shard = try read(shard: name, of: path, verifyingChecksums: verifyingChecksums)
            for tensor in (names[name] ?? []).sorted() {
                if var record = shard.tensors[tensor] {
                    record.file = files.count
                    contents.records.append(record)
                } else if let unread = shard.unread[tensor] {
                    contents.unread[tensor] = unread
                } else {
                    throw Flaw.damaged("says that tensor \(tensor) is in \(name), which lacks it")
                }
            }
            contents.opaqueGlobals.formUnion(shard.opaqueGlobals)
            files += shard.files
        }
        return (contents, files)
    }

    private func read(
        shard name: String, of path: String, verifyingChecksums: Bool
    ) throws -> Checkpoint {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        let place = folder + name
        return try blaming(place) {
            let file: MappedFile
            do {
                file = try MappedFile(path: place)
            } catch let error as FileError where error.reason == .missing {
                throw Flaw(
                    kind: .unreadable, problem: "no such file, but \(path) names it as a shard",
                    expected: "every shard beside the index",
                    hint: "download all shards into the folder of the index")
            }
            // An index in an index might be itself.
            guard try FileFormat(of: file) != .shardIndex else {
                throw Flaw.unsupported(
                    "is an index of shards, but \(path) names it as a shard",
                    expected: "a shard with tensors", hint: "download the shards again")
            }
            return try Checkpoint(file, path: place, verifyingChecksums: verifyingChecksums)
        }
    }
}
