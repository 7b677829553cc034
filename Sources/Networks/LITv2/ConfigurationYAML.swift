import Yams

/// A YAML text as a tree, with the line of every key.
///
/// The text may come from anywhere, so what would make a parser slow or deep is refused before it
/// is parsed: the limits are far above any configuration that was ever written.
struct ConfigurationYAML {
    private(set) var lines: [String: Int] = [:]
    private(set) var tree = ConfigurationTree.null
    private let source: String
    private var nodes = 0

    private static let largestText = 1 << 20
    private static let mostNodes = 10_000
    private static let mostAliases = 8
    private static let mostFlowCollections = 200
    private static let widestIndent = 100

    /// - Throws: `NetworkError` when it is not one YAML document, or exceeds the limits.
    init(_ text: String, source: String) throws {
        self.source = source
        try checkLimits(Array(text.utf8))
        do {
            // The encoding is given because the default prints to stdout when a variable sets it.
            guard let root = try Parser(yaml: text, encoding: .utf8).singleRoot() else {
                throw NetworkError(
                    "\(source): no configuration in the file; expected MODEL and DATA")
            }
            tree = try convert(root, path: "")
        } catch let error as YamlError {
            throw NetworkError("\(source)\(Self.summary(error))")
        }
    }

    // MARK: Limits

    /// Bounds the depth and the expansion of the document without parsing it.
    ///
    /// Block collections nest by indentation or by indicators at the start of a line, flow
    /// collections by brackets, so both bound the depth; a comment or a text may be counted too.
    private func checkLimits(_ bytes: [UInt8]) throws {
        guard bytes.count <= Self.largestText else {
            throw NetworkError(
                "\(source): \(bytes.count) bytes; a configuration has at most \(Self.largestText)")
        }
        var aliases = 0
        var flowCollections = 0
        var indent: Int? = 0
        var previous = UInt8(ascii: "\n")
        for (index, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                indent = 0
            } else if let width = indent {
                indent = Self.indentation.contains(byte) ? width + 1 : nil
            }
            if Self.flowStart.contains(byte) { flowCollections += 1 }
            if Self.isAlias(byte, after: previous, before: bytes[(index + 1)...].first) {
                aliases += 1
            }
            guard aliases <= Self.mostAliases, flowCollections <= Self.mostFlowCollections,
                indent ?? 0 <= Self.widestIndent
            else {
                throw NetworkError(
                    "\(source): nested too deeply or too many aliases for a configuration; "
                        + "write the values out")
            }
            previous = byte
        }
    }

    private static let indentation = Set(" \t-?:".utf8)
    private static let flowStart = Set("[{".utf8)
    private static let nameBytes = Set(
        "-0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    private static let tokenEnd = Set(" \t\r\n,[]{}:?-'\"".utf8)

    /// `*name` or a quoted likeness of it; texts such as `data/*.tar` are none.
    private static func isAlias(_ byte: UInt8, after previous: UInt8, before next: UInt8?) -> Bool {
        byte == UInt8(ascii: "*") && tokenEnd.contains(previous)
            && next.map(nameBytes.contains) == true
    }

    // MARK: Conversion

    private mutating func convert(_ node: Node, path: String) throws -> ConfigurationTree {
        nodes += 1
        guard nodes <= Self.mostNodes else {
            throw NetworkError(
                "\(source): more than \(Self.mostNodes) values; this is no configuration")
        }
        switch node {
        case .scalar: return scalar(node)
        case .sequence(let items):
            return .list(try items.map { try convert($0, path: path) })
        case .mapping(let pairs):
            return .dictionary(try pairs.map { try entry($0, $1, path: path) })
        case .alias(let alias):
            throw NetworkError("\(source): alias '\(alias.anchor.rawValue)' refers to nothing")
        }
    }

    private mutating func entry(_ key: Node, _ value: Node, path: String) throws
        -> (key: String, value: ConfigurationTree)
    {
        let line = key.mark?.line
        guard let name = key.scalar?.string else {
            throw NetworkError(
                "\(source)\(line.map { ", line \($0)" } ?? ""): a key is a list or has keys "
                    + "itself; expected a word")
        }
        let path = path.isEmpty ? name : "\(path).\(name)"
        lines[path] = line
        return (name, try convert(value, path: path))
    }

    private func scalar(_ node: Node) -> ConfigurationTree {
        let text = node.scalar?.string ?? ""
        let isPlain = node.scalar?.style == .plain
        switch node.tag.rawValue {
        case Tag.Name.null.rawValue: return .null
        case Tag.Name.bool.rawValue: return node.bool.map { .bool($0) } ?? .string(text)
        case Tag.Name.int.rawValue: return node.int.map { .int($0) } ?? .string(text)
        case Tag.Name.float.rawValue: return node.float.map { .double($0) } ?? .string(text)
        // Python's word; the authors' loader evaluates plain texts as Python literals.
        case _ where isPlain && text == "None": return .null
        default: return Self.tuple(text) ?? .string(text)
        }
    }

    /// The numbers of `(2, 2, 6, 2)`, a text to YAML and a tuple to the authors' loader.
    private static func tuple(_ text: String) -> ConfigurationTree? {
        guard text.utf8.count <= 200, text.hasPrefix("("), text.hasSuffix(")"), text.contains(",")
        else { return nil }
        var items = text.dropFirst().dropLast().split(
            separator: ",", omittingEmptySubsequences: false)
        // The comma behind the last number.
        if items.last?.allSatisfy({ $0 == " " }) == true { items.removeLast() }
        let numbers = items.compactMap { item -> ConfigurationTree? in
            let words = item.split(separator: " ")
            guard words.count == 1 else { return nil }
            if let whole = Int(words[0]) { return .int(whole) }
            return Double(words[0]).map { .double($0) }
        }
        return numbers.count == items.count && !items.isEmpty ? .list(numbers) : nil
    }

    /// `, line N: what is wrong`; the parser's own description quotes lines of any length.
    private static func summary(_ error: YamlError) -> String {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            ", line \(mark.line): not YAML: \(problem)"
        case .duplicatedKeysInMapping(let keys, let context):
            ", line \(context.mark.line): key given twice: \(abbreviated(keys.first ?? ""))"
        case .reader(let problem, _, _, _): ": not YAML: \(problem)"
        default: ": not YAML"
        }
    }
}
