import Mustache

/// A value of a context, as Mustache sees it: it would look at all properties of a struct for every tag, and looks
/// names up in what this makes of it.
struct RenderedValue {
    let value: Any

    init(_ value: Any) {
        // Numbers and texts, and whatever says itself what it is as a text.
        guard !(value is any CustomStringConvertible) || value is any Collection else {
            self.value = value
            return
        }
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .struct: self.value = Properties(mirror)
        case .collection: self.value = mirror.children.map { RenderedValue($0.value).value }
        default: self.value = value
        }
    }

    /// Of a struct, by their names. Values that are nil are none of them.
    private final class Properties: MustacheParent {
        private let all: [String: Any]
        /// Those that a tag has named.
        private var seen: [String: Any] = [:]

        init(_ mirror: Mirror) {
            var all: [String: Any] = [:]
            for (label, value) in mirror.children {
                if let label, let value = Self.unwrapped(value) { all[label] = value }
            }
            self.all = all
        }

        func child(named name: String) -> Any? {
            if let value = seen[name] { return value }
            guard let value = all[name].map({ RenderedValue($0).value }) else { return nil }
            seen[name] = value
            return value
        }

        private static func unwrapped(_ value: Any) -> Any? {
            let mirror = Mirror(reflecting: value)
            return mirror.displayStyle == .optional ? mirror.children.first?.value : value
        }
    }
}
