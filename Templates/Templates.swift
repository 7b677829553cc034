/// The templates by name, embedded in the binary so that the generator needs no files.
///
/// A template's name is its path without `.mustache`: `gemm/kernel.c` is `c/gemm/kernel.c.mustache`, and
/// `report.html` is `html/report.html.mustache`. The names follow from the folders; nothing lists them.
public enum TemplateFiles {
    /// Every template of C and build files, name and text.
    public static let all = texts(below: "c/")

    /// Names of the harness's files, `harness/main.c` and so on.
    public static let harness = all.keys.filter { $0.hasPrefix("harness/") }.sorted()

    /// The page that `hilo report` writes, and its parts.
    public static let page = texts(below: "html/")

    /// The Python module of a library, and what makes a wheel of it: `module/_model.py` and so on.
    public static let python = texts(below: "python/")

    /// The Swift package of a library: `module/Model.swift` and so on.
    public static let swift = texts(below: "swift/")

    private static func texts(below folder: String) -> [String: String] {
        var texts: [String: String] = [:]
        for (path, text) in templateTexts where path.hasPrefix(folder) {
            texts[String(path.dropFirst(folder.count))] = text
        }
        return texts
    }
}
