import Foundation

/// A JSON document as a tree, to change single numbers in it.
enum JSONValue: Equatable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// Keys, and indices as text.
    typealias Path = [String]

    init(text: String) throws {
        self = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    }

    var data: Data {
        get throws { try JSONEncoder().encode(self) }
    }

    private var children: [(key: String, value: JSONValue)] {
        switch self {
        case .array(let values): values.enumerated().map { (String($0), $1) }
        case .object(let values): values.sorted { $0.key < $1.key }.map { ($0, $1) }
        default: []
        }
    }

    /// Where the document's numbers are, alone or inside a text, in the order of its keys.
    var numberPaths: [Path] {
        switch self {
        case .integer, .number: [[]]
        case .string(let text): text.contains(where: \.isNumber) ? [[]] : []
        default: children.flatMap { key, value in value.numberPaths.map { [key] + $0 } }
        }
    }

    subscript(path: Path) -> JSONValue? {
        guard let key = path.first else { return self }
        return children.first { $0.key == key }?.value[Array(path.dropFirst())]
    }

    func replacing(_ path: Path, with value: JSONValue) -> JSONValue {
        guard let key = path.first else { return value }
        let rest = Array(path.dropFirst())
        switch self {
        case .object(var values):
            values[key] = values[key]?.replacing(rest, with: value)
            return .object(values)
        case .array(var values):
            guard let index = Int(key) else { return self }
            values[index] = values[index].replacing(rest, with: value)
            return .array(values)
        default: return self
        }
    }
}

extension JSONValue: Codable {
    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let values = try? container.decode([JSONValue].self) {
            self = .array(values)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let values): try container.encode(values)
        case .object(let values): try container.encode(values)
        }
    }
}
