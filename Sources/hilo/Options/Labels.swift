import HiLoKit

/// Names of classes.
enum Labels {
    /// Reads one name a line; lines end in LF or CRLF.
    ///
    /// - Throws: `FileError`; `InputError` when there is not one name for each class.
    static func read(_ path: String, for network: Network) throws -> [String] {
        guard let classes = network.classes else {
            throw UsageError("--labels: the network \(network.name) has no classes; leave it out")
        }
        // To Swift, CRLF is one character, and LF does not match within it.
        var names = try readText(path, limit: 64 << 20)
            .split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
            .map(String.init)
        if names.last == "" { names.removeLast() }
        guard names.count == classes else {
            throw InputError(
                "\(path): expected \(classes) names, one a line for each class; "
                    + "found \(names.count)")
        }
        return names
    }
}
