import FileIO
import Foundation

/// Finds what C files include, by the compiler's rule: beside the file that says so, then in the folders of
/// `-I`; what is in neither is the system's. Conditions are not looked at, so it may find more than is taken.
enum IncludedFiles {
    private struct Include {
        let name: String
        let isQuoted: Bool
    }

    /// A source and all that it includes of the folders, by names in ascending order.
    ///
    /// - Returns: nil where that cannot be told.
    static func contents(of source: URL, folders: [String]) -> [(name: String, text: [UInt8])]? {
        let folders = folders.map { URL(fileURLWithPath: $0) }
        var waiting = [source]
        var found: [URL: Data] = [:]
        while let file = waiting.popLast() {
            guard found[file] == nil else { continue }
            guard let text = try? Data(contentsOf: file), let includes = includes(in: text) else {
                return nil
            }
            found[file] = text
            for include in includes {
                let places =
                    include.isQuoted ? [file.deletingLastPathComponent()] + folders : folders
                let header = places.lazy.map { $0.appendingPathComponent(include.name) }
                    .first { FileManager.default.fileExists(atPath: $0.filePath) }
                if let header { waiting.append(header) } else if include.isQuoted { return nil }
            }
        }
        // Of files with one name in two folders, those with the lesser text come first.
        return found.map { (name: $0.lastPathComponent, text: Array($1)) }
            .sorted {
                $0.name == $1.name ? $0.text.lexicographicallyPrecedes($1.text) : $0.name < $1.name
            }
    }

    /// - Returns: nil where the text does not say what is included: a macro does.
    private static func includes(in text: Data) -> [Include]? {
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
