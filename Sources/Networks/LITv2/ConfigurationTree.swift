/// A configuration as plain data, whatever file it came from: a YAML text or the `config` that a
/// training checkpoint carries.
public indirect enum ConfigurationTree: Sendable {
    /// Keys in the order of the file.
    case dictionary([(key: String, value: ConfigurationTree)])
    case list([ConfigurationTree])
    case string(String)
    case int(Int)
    case double(Double)
    case bool(Bool)
    case null

    /// The same with what `other` says in its place: sections are merged, all else, lists too, is
    /// replaced. A section that is left empty says nothing.
    func overridden(by other: ConfigurationTree) -> ConfigurationTree {
        guard case .dictionary(var entries) = self else { return other }
        switch other {
        case .null: return self
        case .dictionary(let others):
            var positions: [String: Int] = [:]
            for (index, entry) in entries.enumerated() { positions[entry.key] = index }
            for (key, value) in others {
                if let index = positions[key] {
                    entries[index].value = entries[index].value.overridden(by: value)
                } else {
                    entries.append((key, value))
                }
            }
            return .dictionary(entries)
        default: return other
        }
    }

    /// What an error message says was found.
    var found: String {
        switch self {
        case .dictionary: "keys and values"
        case .list(let items):
            "a list [\(items.prefix(8).map(\.found).joined(separator: ", "))"
                + "\(items.count > 8 ? ", …" : "")]"
        case .string(let text): "the text '\(abbreviated(text))'"
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        case .bool(let value): value ? "True" : "False"
        case .null: "nothing"
        }
    }
}

/// The text, cut where a hostile file would flood an error message.
func abbreviated(_ text: String) -> String {
    text.count > 60 ? text.prefix(60) + "…" : text
}
