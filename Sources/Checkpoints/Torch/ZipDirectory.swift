import FileIO

/// The central directory of a zip file, with the ZIP64 extensions.
struct ZipDirectory {
    struct Header {
        let name: String
        /// 0 is stored; everything else is some compression.
        let method: UInt16
        let size: Int
        let checksum: UInt32
        let localOffset: Int
    }

    let headers: [Header]
    /// Bytes of the directory in the file.
    let range: Range<Int>

    init(_ file: MappedFile) throws {
        let end = try ZipEnd(file)
        range = end.directory
        var reader = ByteReader(file, in: range, part: "zip directory")
        var headers: [Header] = []
        while reader.remaining > 0 { headers.append(try Self.header(&reader)) }
        guard headers.count == end.count else {
            throw Flaw.damaged(
                "its zip directory has \(headers.count) entries", expected: "\(end.count)")
        }
        self.headers = headers
    }

    private static func header(_ reader: inout ByteReader) throws -> Header {
        guard try reader.integer(UInt32.self) == 0x0201_4b50 else {
            throw Flaw.damaged("its zip directory has no entry at byte \(reader.position - 4)")
        }
        _ = try reader.skip(4)
        let flags = try reader.integer(UInt16.self)
        let method = try reader.integer(UInt16.self)
        _ = try reader.skip(4)
        let checksum = try reader.integer(UInt32.self)
        let sizes = (try reader.integer(UInt32.self), try reader.integer(UInt32.self))
        let nameLength = Int(try reader.integer(UInt16.self))
        let extraLength = Int(try reader.integer(UInt16.self))
        let commentLength = Int(try reader.integer(UInt16.self))
        let disk = try reader.integer(UInt16.self)
        _ = try reader.skip(6)
        let offset = try reader.integer(UInt32.self)
        let name = try reader.string(nameLength)
        let extra = try reader.skip(extraLength)
        _ = try reader.skip(commentLength)

        try check(name: name, flags: flags, disk: disk)
        var wide = try Zip64Extra(ByteReader(reader.file, in: extra, part: "zip extra field"))
        // The order of these three is the order of the field.
        let size = try wide.resolve(sizes.1)
        let storedSize = try wide.resolve(sizes.0)
        let localOffset = try wide.resolve(offset)
        guard method != 0 || size == storedSize else {
            throw Flaw.damaged("its zip entry \(name) is stored with two sizes")
        }
        return Header(
            name: name, method: method, size: size, checksum: checksum, localOffset: localOffset)
    }

    private static func check(name: String, flags: UInt16, disk: UInt16) throws {
        guard flags & 1 == 0 else {
            throw Flaw.unsupported(
                "its zip entry \(name) is encrypted", hint: "decrypt the file first")
        }
        guard disk == 0 || disk == .max else {
            throw Flaw.unsupported(
                "is one volume of a split zip file", hint: "join the volumes first")
        }
    }
}

/// The end-of-central-directory record and its ZIP64 twin: where the directory is.
private struct ZipEnd {
    let directory: Range<Int>
    let count: Int

    private static let size = 22
    private static let locatorSize = 20

    init(_ file: MappedFile) throws {
        let start = try Self.find(file)
        var reader = ByteReader(file, in: start + 4..<file.count, part: "zip end record")
        let disks = (try reader.integer(UInt16.self), try reader.integer(UInt16.self))
        _ = try reader.skip(2)
        let count = Int(try reader.integer(UInt16.self))
        let size = Int(try reader.integer(UInt32.self))
        let offset = Int(try reader.integer(UInt32.self))
        if let wide = try Self.wideRecord(file, before: start) {
            self = wide
            return
        }
        guard disks == (0, 0) else {
            throw Flaw.unsupported(
                "is one volume of a split zip file", hint: "join the volumes first")
        }
        self = try ZipEnd(offset: offset, size: size, count: count, end: start)
    }

    private init(offset: Int, size: Int, count: Int, end: Int) throws {
        // The directory always stands directly before its end record.
        guard let directoryEnd = checkedSum(offset, size), directoryEnd == end else {
            throw Flaw.damaged(
                "its zip directory of \(size) bytes at byte \(offset) does not end at byte \(end)")
        }
        directory = offset..<directoryEnd
        self.count = count
    }

    /// The last record whose comment ends with the file.
    private static func find(_ file: MappedFile) throws -> Int {
        let last = file.count - size
        let first = max(0, last - Int(UInt16.max))
        for start in stride(from: last, through: first, by: -1) {
            var reader = ByteReader(file, in: start..<file.count, part: "zip end record")
            guard try reader.integer(UInt32.self) == 0x0605_4b50 else { continue }
            _ = try reader.skip(16)
            if Int(try reader.integer(UInt16.self)) == reader.remaining { return start }
        }
        throw Flaw.damaged("begins as a zip file but its directory, at the end, is missing")
    }

    private static func wideRecord(_ file: MappedFile, before end: Int) throws -> ZipEnd? {
        guard end >= locatorSize else { return nil }
        let start = end - locatorSize
        var locator = ByteReader(file, in: start..<end, part: "ZIP64 locator")
        guard try locator.integer(UInt32.self) == 0x0706_4b50 else { return nil }
        _ = try locator.skip(4)
        let recordStart = try locator.size()
        guard recordStart <= start else {
            throw Flaw.damaged("its ZIP64 end record lies outside the file")
        }
        var record = ByteReader(file, in: recordStart..<start, part: "ZIP64 end record")
        guard try record.integer(UInt32.self) == 0x0606_4b50 else {
            throw Flaw.damaged("its ZIP64 end record is missing")
        }
        _ = try record.skip(12)
        guard try record.integer(UInt64.self) == 0 else {
            throw Flaw.unsupported(
                "is one volume of a split zip file", hint: "join the volumes first")
        }
        _ = try record.skip(8)
        let count = try record.size()
        let size = try record.size()
        let offset = try record.size()
        return try ZipEnd(offset: offset, size: size, count: count, end: recordStart)
    }
}

/// The 64-bit values of an entry, taken in order by the 32-bit fields that are saturated.
private struct Zip64Extra {
    private var values: ByteReader?

    init(_ extra: ByteReader) throws {
        var extra = extra
        // Fewer than four bytes are padding.
        while extra.remaining >= 4 {
            let identifier = try extra.integer(UInt16.self)
            let range = try extra.skip(Int(try extra.integer(UInt16.self)))
            guard identifier == 1, values == nil else { continue }
            values = ByteReader(extra.file, in: range, part: "ZIP64 extra field")
        }
    }

    mutating func resolve(_ narrow: UInt32) throws -> Int {
        guard narrow == .max else { return Int(narrow) }
        guard let wide = try values?.size() else {
            throw Flaw.damaged("its zip directory lacks a ZIP64 size")
        }
        return wide
    }
}
