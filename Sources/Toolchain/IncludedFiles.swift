import FileIO
import Foundation

/// Finds what C files include, by the compiler's rule: beside the file that says so, then in the folders of
/// `-I`; what is in neither is the system's. Conditions are not looked at, so it may find more than is taken.
///
/// Each file is read once, however many include it.
struct IncludedFiles {
    struct File {
        let name: String
        /// Before it was read.
        let facts: FileFacts
        let text: ObjectText
        /// nil where the text does not say what is included: a macro does.
        fileprivate let includes: [Include]?
    }

    fileprivate struct Include {
        let name: String
        let isQuoted: Bool
    }

    private var files: [URL: File] = [:]
    private var exist: [URL: Bool] = [:]

    /// A source and all that it includes of the folders, by names in ascending order.
    ///
    /// - Returns: nil where that cannot be told.
    mutating func files(of source: URL, folders: [String]) -> [File]? {
        let folders = folders.map { URL(fileURLWithPath: $0) }
        var waiting = [source]
        var found: [URL: File] = [:]
        while let url = waiting.popLast() {
            guard found[url] == nil else { continue }
            guard let file = file(url), let includes = file.includes else { return nil }
            found[url] = file
            for include in includes {
                let places =
                    include.isQuoted ? [url.deletingLastPathComponent()] + folders : folders
                let header = places.map { $0.appendingPathComponent(include.name) }
                    .first { exists($0) }
                if let header { waiting.append(header) } else if include.isQuoted { return nil }
            }
        }
        // Of files with one name in two folders, those with the lesser text come first.
        return found.values.sorted {
            $0.name == $1.name
                ? $0.text.whole.lexicographicallyPrecedes($1.text.whole) : $0.name < $1.name
        }
    }

    private mutating func file(_ url: URL) -> File? {
        if let known = files[url] { return known }
        let facts = FileFacts(of: url)
        guard let text = try? Data(contentsOf: url) else { return nil }
        let file = File(
            name: url.lastPathComponent, facts: facts, text: ObjectText(Array(text)),
            includes: Self.includes(in: Array(text)))
        files[url] = file
        return file
    }

    private mutating func exists(_ url: URL) -> Bool {
        if let known = exist[url] { return known }
        let isThere = FileManager.default.fileExists(atPath: url.filePath)
        exist[url] = isThere
        return isThere
    }

    /// - Returns: nil where the text does not say what is included: a macro does.
    private static func includes(in text: [UInt8]) -> [Include]? {
        var includes: [Include] = []
        for line in text.split(separator: UInt8(ascii: "\n")) where line.contains(UInt8(ascii: "#"))
        {
            guard let words = words(afterIncludeIn: String(decoding: line, as: UTF8.self)) else {
                continue
            }
            guard let first = words.first, first == "\"" || first == "<" else { return nil }
            let name = words.dropFirst().prefix { $0 != (first == "<" ? ">" : "\"") }
            includes.append(Include(name: String(name), isQuoted: first == "\""))
        }
        return includes
    }

    private static func words(afterIncludeIn line: String) -> Substring? {
        let line = line.drop(while: \.isWhitespace)
        guard line.first == "#" else { return nil }
        let directive = line.dropFirst().drop(while: \.isWhitespace)
        guard directive.hasPrefix("include") else { return nil }
        return directive.dropFirst("include".count).drop(while: \.isWhitespace)
    }
}

/// Of all bytes, as 16 hexadecimal digits.
func digest(_ bytes: Data) -> String {
    var checksum = Checksum()
    bytes.withUnsafeBytes { checksum.add($0) }
    return checksum.digits
}
