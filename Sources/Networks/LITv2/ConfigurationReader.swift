/// Looks typed values up in a configuration; every error names the file, the line and the key.
struct ConfigurationReader {
    private var root: ConfigurationTree
    private let source: String
    /// Where each key stands by its path, where files have lines.
    private var places: [String: (file: String, line: Int)]

    /// - Parameter lines: of the keys, by their paths.
    /// - Throws: `NetworkError` for a key that the authors' configuration does not have.
    init(_ root: ConfigurationTree, source: String, lines: [String: Int] = [:]) throws {
        self.root = root
        self.source = source
        places = lines.mapValues { (source, $0) }
        for section in ["", "DATA", "MODEL", "MODEL.LIT", "TEST"] { try checkKeys(of: section) }
    }

    /// What is left of `base` where this configuration's keys replace its own.
    func overriding(_ base: ConfigurationReader) -> ConfigurationReader {
        var merged = self
        merged.root = base.root.overridden(by: root)
        merged.places = base.places.merging(places) { $1 }
        return merged
    }

    // MARK: Values

    /// An integer within `range`.
    func integer(_ path: String, in range: ClosedRange<Int>, default value: Int) throws -> Int {
        guard let tree = try self.value(path) else { return value }
        guard case .int(let number) = tree, range.contains(number) else {
            throw unexpected(
                path, tree, "an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A number; nil when the file says null or None.
    func number(_ path: String, default value: Double?) throws -> Double? {
        switch try self.value(path) {
        case nil: return value
        case .double(let number): return number
        case .int(let number): return Double(number)
        case .null where value == nil: return nil
        case let tree?: throw unexpected(path, tree, "a number")
        }
    }

    func flag(_ path: String, default value: Bool) throws -> Bool {
        guard let tree = try self.value(path) else { return value }
        guard case .bool(let flag) = tree else { throw unexpected(path, tree, "True or False") }
        return flag
    }

    func text(_ path: String, default value: String) throws -> String {
        guard let tree = try self.value(path) else { return value }
        guard case .string(let text) = tree else { throw unexpected(path, tree, "a text") }
        return text
    }

    /// Integers, one a stage.
    func integers(_ path: String, count: Int? = nil, default value: [Int]) throws -> [Int] {
        let tree = try self.value(path) ?? .list(value.map { .int($0) })
        let advice = "a list of integers such as \(value)"
        guard case .list(let items) = tree else { throw unexpected(path, tree, advice) }
        let numbers = try items.map { item in
            guard case .int(let number) = item else { throw unexpected(path, tree, advice) }
            return number
        }
        if let count, numbers.count != count {
            throw unexpected(path, tree, "\(count) integers, one for each entry of DEPTHS")
        }
        return numbers
    }

    // MARK: Errors

    /// An error at a key: what is expected there and what the file holds.
    func unexpected(_ path: String, _ tree: ConfigurationTree, _ expected: String) -> NetworkError {
        let isDefault = (try? value(path)) == nil
        let origin = isDefault ? " (the default)" : ""
        return error(at: path, "expected \(expected), found \(tree.found)\(origin)")
    }

    func error(at path: String, _ message: String) -> NetworkError {
        NetworkError("\(place(of: path)): \(abbreviated(path)): \(message)")
    }

    /// The file that holds a key and the line, or the file alone.
    func place(of path: String) -> String {
        places[path].map { "\($0.file), line \($0.line)" } ?? source
    }

    // MARK: Keys

    private typealias Entries = [(key: String, value: ConfigurationTree)]

    private func checkKeys(of section: String) throws {
        let known = ConfigurationKeys.sections[section] ?? []
        for (key, _) in try entries(section) where !known.contains(key) {
            throw error(
                at: section.isEmpty ? key : "\(section).\(key)",
                "unknown key; \(ConfigurationKeys.advice(key, in: section))")
        }
    }

    /// The keys of a section; none when it is missing or empty.
    private func entries(_ section: String) throws -> Entries {
        var tree = root
        var path = ""
        for name in section.split(separator: ".").map(String.init) {
            path += path.isEmpty ? name : ".\(name)"
            tree = try dictionary(tree, at: path).last { $0.key == name }?.value ?? .null
        }
        return try dictionary(tree, at: section)
    }

    private func dictionary(_ tree: ConfigurationTree, at path: String) throws -> Entries {
        switch tree {
        case .dictionary(let entries): return entries
        case .null: return []
        default:
            guard !path.isEmpty else {
                throw NetworkError(
                    "\(source): expected keys such as MODEL and DATA, found \(tree.found)")
            }
            throw error(at: path, "expected keys and values, found \(tree.found)")
        }
    }

    /// The value at a path such as `MODEL.LIT.DEPTHS`; nil when the file does not hold it.
    func value(_ path: String) throws -> ConfigurationTree? {
        let names = path.split(separator: ".")
        let section = names.dropLast().joined(separator: ".")
        return try entries(section).last { $0.key == names.last.map(String.init) }?.value
    }
}
