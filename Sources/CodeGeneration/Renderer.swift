import Mustache

/// Renders the C templates. A context is a struct whose properties are the template's tags; nothing
/// is escaped, because every value is a number or a checked name.
package struct Renderer: Sendable {
    /// Told of every template and its context, before it is rendered.
    package typealias Observer = @Sendable (_ template: String, _ context: Any) -> Void
    private let observer: Observer?
    private let templates: TemplateSet

    init(_ templates: TemplateSet = .c, observer: Observer? = nil) {
        self.observer = observer
        self.templates = templates
    }

    /// The text of `template` for `context`.
    func render(_ template: String, _ context: Any) -> String {
        observer?(template, context)
        let library = templates.library(for: template)
        guard let text = library.render(RenderedValue(context).value, withTemplate: template) else {
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
