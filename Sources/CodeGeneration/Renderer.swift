import Mustache
import Templates

/// Renders the C templates. A context is a struct whose properties are the template's tags; nothing
/// is escaped, because every value is a number or a checked name.
package struct Renderer: Sendable {
    /// Told of every template and its context, before it is rendered.
    package typealias Observer = @Sendable (_ template: String, _ context: Any) -> Void
    private let observer: Observer?
    private let library: MustacheLibrary

    init(_ set: TemplateSet = .c, observer: Observer? = nil) {
        self.observer = observer
        library = set.library
    }

    /// The text of `template` for `context`.
    func render(_ template: String, _ context: Any) -> String {
        observer?(template, context)
        guard let text = library.render(context, withTemplate: template) else {
            preconditionFailure("no template is named \(template)")
        }
        return text
    }

    /// A file of C, with its origin on top.
    ///
    /// - Parameter header: of the instruction set that it is compiled for.
    func file(
        _ path: String, _ template: String, _ context: Any, including header: String? = nil
    ) -> GeneratedFile {
        let origin = render("library/origin", OriginContext(template: template))
        let include = header.map { "#include \"\($0)\"\n\n" } ?? ""
        return GeneratedFile(path: path, contents: origin + include + render(template, context))
    }

    private struct OriginContext { let template: String }
}

/// Templates that are parsed once for all renderers.
package enum TemplateSet: Sendable {
    case c, python, swift

    fileprivate var library: MustacheLibrary {
        switch self {
        case .c: Self.ofC
        case .python: Self.ofPython
        case .swift: Self.ofSwift
        }
    }

    private static let ofC = parsed(TemplateFiles.all)
    private static let ofPython = parsed(TemplateFiles.python)
    private static let ofSwift = parsed(TemplateFiles.swift)

    /// Before each template: tags are `<% %>`, so that C braces stay as they are, and nothing is
    /// escaped as HTML.
    private static let prologue = "{{% CONTENT_TYPE:TEXT}}{{=<% %>=}}"

    private static func parsed(_ templates: [String: String]) -> MustacheLibrary {
        var library = MustacheLibrary()
        for (name, text) in templates {
            do {
                try library.register(prologue + text, named: name)
            } catch {
                preconditionFailure("template \(name) does not parse: \(error)")
            }
        }
        return library
    }
}
