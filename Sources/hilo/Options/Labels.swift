import HiLoKit

/// Names of classes.
enum Labels {
    /// Reads one name a line; lines end in LF, CRLF or CR. A byte order mark is no part of a name,
    /// and blank lines beyond the last class count for nothing.
    ///
    /// - Throws: `FileError`; `InputError` when there is not one name for each class.
    static func read(_ path: String, for network: Network) throws -> [String] {
        guard let classes = network.classes ?? network.findingClasses else {
            throw UsageError("--labels: the network \(network.name) has no classes; leave it out")
        }
        var names = lines(of: try readText(path))
        if names.last == "" { names.removeLast() }
        while names.count > classes, isBlank(names[names.count - 1]) { names.removeLast() }
        guard names.count == classes else {
            throw InputError(
                "\(path): expected \(classes) names, one a line for each class; "
                    + "found \(names.count)")
        }
        return names
    }

    /// Reads one name a line, however many there are; blank lines at the end count for nothing.
    ///
    /// - Throws: `FileError`.
    static func read(_ path: String) throws -> [String] {
        var names = lines(of: try readText(path))
        while let last = names.last, isBlank(last) { names.removeLast() }
        return names
    }

    private static func lines(of text: String) -> [String] {
        var text = text
        if text.unicodeScalars.first == "\u{feff}" { text.unicodeScalars.removeFirst() }
        // To Swift, CRLF is one character, and LF does not match within it.
        let ends: Set<Character> = ["\n", "\r\n", "\r"]
        return text.split(omittingEmptySubsequences: false) { ends.contains($0) }.map(String.init)
    }

    private static func isBlank(_ line: String) -> Bool {
        line.allSatisfy { $0 == " " || $0 == "\t" }
    }
}
