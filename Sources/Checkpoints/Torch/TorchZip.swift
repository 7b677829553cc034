import FileIO

/// torch.save of PyTorch ≥ 1.6: a zip file with `<root>/data.pkl` and one entry for each storage.
enum TorchZip {
    static func read(
        _ file: MappedFile, stateDict: String?, verifyingChecksums: Bool
    ) throws -> FileContents {
        let directory = try ZipDirectory(file)
        try refuseTorchScript(directory)
        let archive = try ZipArchive(file, directory: directory)
        guard let root = archive.entries.first?.name.prefix(while: { $0 != "/" }),
            let pickle = archive["\(root)/data.pkl"]
        else { throw unrecognized(archive) }
        try checkByteOrder(archive, root: root)
        if verifyingChecksums { try archive.verify(pickle) }
        let graph = try graph(of: pickle, in: file)
        let state = try StateDictionary(graph, named: stateDict)
        var storages: [String: Range<Int>] = [:]
        for key in Set(state.tensors.map(\.tensor.storage.key)).sorted() {
            guard let entry = archive["\(root)/data/\(key)"] else { continue }
            if verifyingChecksums { try archive.verify(entry) }
            storages[key] = entry.range
        }
        return FileContents(
            state, records: try state.records(storages: storages), graph: graph)
    }

    private static func graph(of entry: ZipArchive.Entry, in file: MappedFile) throws -> PickleGraph
    {
        var reader = ByteReader(file, in: entry.range, part: "pickle")
        let graph = try PickleReader.read(&reader)
        guard reader.remaining == 0 else {
            throw Flaw.damaged("its pickle is followed by \(reader.remaining) more bytes")
        }
        return graph
    }

    /// Before anything else, because such archives are partly compressed, which says less.
    private static func refuseTorchScript(_ directory: ZipDirectory) throws {
        guard directory.headers.contains(where: { $0.name.hasSuffix("/constants.pkl") }) else {
            return
        }
        throw Flaw.unsupported(
            "is a TorchScript archive", expected: "a checkpoint made by torch.save",
            hint: "load it with torch.jit.load and write "
                + "torch.save(module.state_dict(), 'new.pth')")
    }

    private static func checkByteOrder(_ archive: ZipArchive, root: Substring) throws {
        guard let entry = archive["\(root)/byteorder"] else { return }
        let order = String(decoding: archive.file.bytes[entry.range].prefix(16), as: UTF8.self)
        guard order == "little" else {
            throw Flaw.unsupported(
                "was written with the byte order '\(order)'", expected: "little",
                hint: "load the file in PyTorch on a little-endian machine and save it again")
        }
    }

    private static func unrecognized(_ archive: ZipArchive) -> Flaw {
        let names = archive.entries.prefix(5).map(\.name).joined(separator: ", ")
        return .unsupported(
            "is a zip file but no checkpoint; it begins with the entries: \(names)",
            expected: "<name>/data.pkl, as torch.save writes it",
            hint: "if it is an archive with a checkpoint inside, unpack it first")
    }
}
