import Foundation
import Templates

/// Finds tags of a template that name nothing in its context: Mustache renders them as nothing.
struct TagChecker {
    /// One message for each tag that names no property.
    static func unknownTags(
        template: String, context: Any, in texts: [String: String] = TemplateFiles.all
    ) -> [String] {
        var checker = TagChecker(template: template, texts: texts)
        checker.check(texts[template] ?? "", [context])
        return checker.unknown
    }

    private let template: String
    private let texts: [String: String]
    private var unknown: [String] = []

    private init(template: String, texts: [String: String]) {
        (self.template, self.texts) = (template, texts)
    }

    private mutating func check(_ text: String, _ outer: [Any]) {
        var contexts = outer
        for match in text.matches(of: /<%([#\/>^&]?)\s*(\*?)([\w.]+)\s*%>/) {
            let (sigil, dynamic, name) = (match.1, match.2, String(match.3))
            switch sigil {
            case "/": contexts.removeLast()
            case ">":
                guard let partial = dynamic.isEmpty ? name : look(name, contexts) as? String,
                    let text = texts[partial]
                else {
                    unknown.append("\(template): partial \(name) is no template")
                    continue
                }
                if !dynamic.isEmpty, folder(of: partial) != folder(of: template) {
                    unknown.append("\(template): partial \(partial) is of another folder")
                }
                check(text, contexts)
            default:
                let value = look(name, contexts)
                if value == nil { unknown.append("\(template): \(name)") }
                if sigil == "#" || sigil == "^" { contexts.append(inside(value)) }
            }
        }
    }

    private func folder(of name: String) -> Substring { name.prefix { $0 != "/" } }

    /// What a section's tags see: the first element of a list, or the value itself.
    private func inside(_ value: Any?) -> Any {
        guard let value, Mirror(reflecting: value).displayStyle == .collection else {
            return value ?? ()
        }
        return Mirror(reflecting: value).children.first?.value ?? AnyElement()
    }

    /// Stands for the element of an empty list, whose tags cannot be checked.
    private struct AnyElement {}

    private func look(_ name: String, _ contexts: [Any]) -> Any? {
        if name == "." { return contexts.last }
        let path = name.split(separator: ".").map(String.init)
        for context in contexts.reversed() {
            guard var value = property(path[0], of: context) else { continue }
            for part in path.dropFirst() {
                guard let next = property(part, of: value) else { return nil }
                value = next
            }
            return value
        }
        return contexts.contains { $0 is AnyElement } ? "" : nil
    }

    private func property(_ name: String, of value: Any) -> Any? {
        Mirror(reflecting: value).children.first { $0.label == name }?.value
    }
}
