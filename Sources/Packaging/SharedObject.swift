import FileIO

/// What a shared library needs of a system, as its ELF file says: the machine, libraries, and versions of
/// their symbols. Nothing but the file is read, so no tool of a compiler must be there.
public struct SharedObject: Sendable, Equatable {
    /// As `uname -m` says it; nil of one that wheels are not made for.
    public let machine: String?
    /// File names of libraries.
    public let libraries: [String]
    /// Versions of symbols, such as `GLIBC_2.34`.
    public let versions: [String]

    /// - Throws: `FileError` when the file cannot be read, or is no shared library of ELF, 64 bits and
    ///   little-endian.
    public init(path: String) throws {
        let file = try MappedFile(path: path)
        self = try withExtendedLifetime(file) {
            try ELFReader(path: path, bytes: file.bytes).sharedObject()
        }
    }

    public init(machine: String?, libraries: [String], versions: [String]) {
        (self.machine, self.libraries, self.versions) = (machine, libraries, versions)
    }
}

/// Reads an ELF file, of which nothing is trusted.
private struct ELFReader {
    let path: String
    let bytes: UnsafeRawBufferPointer

    /// Numbers that the format gives things.
    private enum Segment {
        static let loaded: UInt32 = 1
        static let dynamic: UInt32 = 2
    }

    private enum Entry {
        static let needed: UInt64 = 1
        static let strings: UInt64 = 5
        static let versions: UInt64 = 0x6fff_fffe
        static let versionCount: UInt64 = 0x6fff_ffff
    }

    /// Far above what libraries need; a damaged list may go round in circles.
    private static let mostVersions = 4096

    private static let machines: [UInt16: String] = [62: "x86_64", 183: "aarch64", 243: "riscv64"]

    func sharedObject() throws -> SharedObject {
        guard bytes.count > 64, bytes.prefix(6).elementsEqual([0x7f, 0x45, 0x4c, 0x46, 2, 1]) else {
            throw FileError(
                path: path, problem: "expected a shared library in ELF, 64 bits and little-endian")
        }
        let entries = try dynamicEntries()
        guard let strings = entries.first(where: { $0.tag == Entry.strings }) else {
            throw damage("has no table of strings")
        }
        let names = try place(of: strings.value)
        return SharedObject(
            machine: Self.machines[try number(at: 18)],
            libraries: try entries.filter { $0.tag == Entry.needed }
                .map { try string(at: names, $0.value) },
            versions: try versions(entries, names))
    }

    // MARK: Tables

    private struct Program {
        let kind: UInt32
        let offset, size: Int
        /// Of its bytes when they are loaded.
        let address: UInt64
    }

    private func programs() throws -> [Program] {
        let start = try size(at: 32), length: UInt16 = try number(at: 54)
        let count: UInt16 = try number(at: 56)
        return try (0..<Int(count)).map { index in
            let at = try sum(start, index * Int(length))
            return Program(
                kind: try number(at: at), offset: try size(at: at + 8), size: try size(at: at + 32),
                address: try number(at: at + 16))
        }
    }

    private func dynamicEntries() throws -> [(tag: UInt64, value: UInt64)] {
        guard let table = try programs().first(where: { $0.kind == Segment.dynamic }) else {
            throw damage("has no dynamic section")
        }
        return try (0..<table.size / 16).map { index in
            let at = try sum(table.offset, 16 * index)
            return (try number(at: at), try number(at: at + 8))
        }
    }

    /// Of all libraries.
    private func versions(
        _ entries: [(tag: UInt64, value: UInt64)], _ names: Int
    ) throws -> [String] {
        guard let first = entries.first(where: { $0.tag == Entry.versions }),
            let count = entries.first(where: { $0.tag == Entry.versionCount })
        else { return [] }
        var library = try place(of: first.value)
        var found: [String] = []
        for _ in 0..<min(count.value, 1 << 16) {
            var version = try sum(library, Int(try number(at: library + 8) as UInt32))
            for _ in 0..<(try number(at: library + 2) as UInt16) {
                guard found.count < Self.mostVersions else {
                    throw damage("needs more than \(Self.mostVersions) versions of symbols")
                }
                let name: UInt32 = try number(at: version + 8)
                found.append(try string(at: names, UInt64(name)))
                version = try sum(version, Int(try number(at: version + 12) as UInt32))
            }
            library = try sum(library, Int(try number(at: library + 12) as UInt32))
        }
        return found
    }

    // MARK: Numbers and texts

    /// Where in the file an address of the loaded library lies.
    private func place(of address: UInt64) throws -> Int {
        for program in try programs() where program.kind == Segment.loaded {
            guard address >= program.address, address - program.address < program.size else {
                continue
            }
            return try sum(program.offset, Int(address - program.address))
        }
        throw damage("has no bytes at the address \(address)")
    }

    private func number<Number: FixedWidthInteger>(at place: Int) throws -> Number {
        guard place >= 0, place <= bytes.count - MemoryLayout<Number>.size else {
            throw damage("ends before byte \(place)")
        }
        return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: Number.self))
    }

    private func size(at place: Int) throws -> Int {
        let value: UInt64 = try number(at: place)
        guard value <= UInt64(bytes.count) else {
            throw damage("has \(value) at byte \(place), and \(bytes.count) bytes")
        }
        return Int(value)
    }

    private func sum(_ place: Int, _ distance: Int) throws -> Int {
        guard place + distance <= bytes.count else {
            throw damage("ends before byte \(place + distance)")
        }
        return place + distance
    }

    private func string(at table: Int, _ offset: UInt64) throws -> String {
        guard let start = Int(exactly: offset), start <= bytes.count - table else {
            throw damage("ends before a name")
        }
        let name = bytes[(table + start)...].prefix { $0 != 0 }
        return String(decoding: name, as: UTF8.self)
    }

    private func damage(_ problem: String) -> FileError {
        FileError(path: path, problem: "is damaged: it \(problem)")
    }
}
