import FileIO

/// torch.save before PyTorch 1.6: five pickles (magic number, protocol, system, object, storage
/// keys), then for each key its element count and its bytes.
enum TorchLegacy {
    /// LONG1 of the magic number 0x1950a86a20f9469cfc6c, as protocols 2 and 3 write it.
    static let magic: [UInt8] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]
    private static let protocolVersion = 1001

    static func read(_ file: MappedFile, stateDict: String?) throws -> FileContents {
        var reader = ByteReader(file, in: 0..<file.count, part: "pickle")
        try readPreamble(&reader)
        let graph = try PickleReader.read(&reader)
        let state = try StateDictionary(graph, named: stateDict)
        let keys = try keys(PickleReader.read(&reader))
        let storages = try readStorages(
            keys: keys, graph.storages, file, from: reader.position)
        return FileContents(
            state, records: try state.records(storages: storages), graph: graph)
    }

    private static func readPreamble(_ reader: inout ByteReader) throws {
        guard case .largeInteger(let bytes) = try PickleReader.read(&reader).root, bytes == magic
        else { throw Flaw.damaged("does not begin with the magic number of torch.save") }
        guard try PickleReader.read(&reader).root.integer == protocolVersion else {
            throw Flaw.damaged("has an unknown protocol", expected: "\(protocolVersion)")
        }
        let system = try PickleReader.read(&reader)
        if case .boolean(false)? = system.member("little_endian", of: system.root) {
            throw Flaw.unsupported(
                "was written on a big-endian machine", expected: "little-endian data",
                hint: "load the file in PyTorch on a little-endian machine and save it again")
        }
    }

    private static func keys(_ graph: PickleGraph) throws -> [String] {
        guard let node = graph.node(graph.root), case .list = node.kind,
            case let keys = node.items.compactMap(\.string), keys.count == node.items.count
        else { throw Flaw.damaged("has no list of storage keys") }
        return keys
    }

    private static func readStorages(
        keys: [String], _ references: [String: StorageReference], _ file: MappedFile,
        from start: Int
    ) throws -> [String: Range<Int>] {
        var reader = ByteReader(file, in: start..<file.count, part: "storage section")
        var storages: [String: Range<Int>] = [:]
        for key in keys {
            guard let reference = references[key], storages[key] == nil else {
                throw Flaw.damaged("lists the storage \(key), which no tensor uses or twice")
            }
            let count = try reader.size()
            guard count == reference.count,
                let byteCount = checkedProduct([count, reference.type.itemSize])
            else {
                throw Flaw.damaged(
                    "storage \(key) has \(count) elements", expected: "\(reference.count)")
            }
            storages[key] = try reader.skip(byteCount)
        }
        guard reader.remaining == 0 else {
            throw Flaw.damaged("its storages are followed by \(reader.remaining) more bytes")
        }
        return storages
    }
}
