import HiLoKit

/// Names of classes.
enum Labels {
    /// Reads one name a line.
    ///
    /// - Throws: `FileError`; `InputError` when there is not one name for each class.
    static func read(_ path: String, for network: Network) throws -> [String] {
        guard let classes = network.classes else {
            throw UsageError("--labels: the network \(network.name) has no classes; leave it out")
        }
        var names = try readText(path, limit: 64 << 20)
            .split(separator: /\r?\n/, omittingEmptySubsequences: false).map(String.init)
        if names.last == "" { names.removeLast() }
        guard names.count == classes else {
            throw InputError(
                "\(path): expected \(classes) names, one a line for each class; "
                    + "found \(names.count)")
        }
        return names
    }
}
