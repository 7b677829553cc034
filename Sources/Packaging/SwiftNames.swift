/// Names that no module can have.
enum SwiftNames {
    /// Why a module cannot be called so; nil when it can.
    static func objection(to name: String) -> String? {
        if keywords.contains(name) { return "is a word of Swift's language" }
        if modules.contains(name.lowercased()) { return "is that of a module of Swift's" }
        if types.contains(name) { return "is that of a type in the module" }
        return nil
    }

    /// Those that C and C++ do not have too, which no library can be called.
    private static let keywords: Set = [
        "Any", "Self", "actor", "as", "associatedtype", "async", "await", "deinit", "defer",
        "extension",
        "fallthrough", "fileprivate", "func", "guard", "import", "in", "init", "inout", "internal",
        "is", "let", "nil", "open", "precedencegroup", "protocol", "repeat", "rethrows", "self",
        "subscript", "super", "throws", "typealias", "var", "where",
    ]

    private static let modules: Set = [
        "swift", "foundation", "foundationessentials", "dispatch", "glibc", "musl", "darwin",
        "bionic",
        "synchronization", "observation", "regexbuilder", "distributed", "cxx", "testing", "xctest",
        "packagedescription", "packageplugin",
    ]

    private static let types: Set = [
        "Model", "ModelError", "Sides", "Sizes", "Candidate", "Feature", "Detection", "Contexts",
        "Handle", "Picture", "Bundle",
    ]
}
