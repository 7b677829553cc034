import Mustache
import Synchronization
import Templates

/// Templates of a language. Each is parsed once, when it is first wanted: a library needs a part of them.
final class TemplateSet: Sendable {
    static let c = TemplateSet(TemplateFiles.all)
    static let python = TemplateSet(TemplateFiles.python)
    static let swift = TemplateSet(TemplateFiles.swift)

    private let texts: [String: String]
    private let parsed = Mutex(MustacheLibrary())

    private init(_ texts: [String: String]) { self.texts = texts }

    /// One that has at least this template and all that it is made of.
    func library(for name: String) -> MustacheLibrary {
        parsed.withLock { library in
            var waiting = [name]
            while let name = waiting.popLast() {
                guard library.getTemplate(named: name) == nil, let text = texts[name] else {
                    continue
                }
                let tagged = TaggedText(text)
                library.register(parse(tagged, name), named: name)
                waiting += tagged.parts.flatMap { parts(of: name, named: $0) }
            }
            return library
        }
    }

    /// Where a value of the context names what a template includes, it is one of the template's folder.
    private func parts(of template: String, named part: String) -> [String] {
        guard part.hasPrefix("*") else { return [part] }
        let folder = template.prefix { $0 != "/" } + "/"
        return texts.keys.filter { $0.hasPrefix(folder) }
    }

    private func parse(_ text: TaggedText, _ name: String) -> MustacheTemplate {
        do {
            return try MustacheTemplate(string: text.forMustache)
        } catch {
            preconditionFailure("template \(name) does not parse: \(error)")
        }
    }
}

/// A template whose tags are `<% %>`, so that C braces stay as they are.
private struct TaggedText {
    /// With tags between characters that no C has: at each `<` the parser would count how much text follows.
    let forMustache: String
    /// What the tags `<%>part%>` name.
    let parts: [String]

    /// Nothing is escaped as HTML.
    private static let prologue = "{{% CONTENT_TYPE:TEXT}}{{=\u{1} \u{2}=}}"

    init(_ text: String) {
        var parts: [String] = []
        var result = Self.prologue
        var rest = text[...]
        while let start = rest.firstRange(of: "<%"),
            let end = rest[start.upperBound...].firstRange(of: "%>")
        {
            let tag = rest[start.upperBound..<end.lowerBound]
            if tag.first == ">" { parts.append(tag.dropFirst().filter { !$0.isWhitespace }) }
            result += rest[..<start.lowerBound] + "\u{1}" + tag + "\u{2}"
            rest = rest[end.upperBound...]
        }
        forMustache = result + rest
        self.parts = parts
    }
}
