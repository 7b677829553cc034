/// A model's name becomes part of C symbols and file names.
func checkModelName(_ name: String) throws {
    let letters = name.unicodeScalars
    let isIdentifier =
        letters.first.map { $0.isASCII && ($0.properties.isAlphabetic || $0 == "_") } ?? false
        && letters.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || $0 == "_" || ("0"..."9").contains($0))
        }
    guard isIdentifier, name.count <= 64 else {
        throw NetworkError(
            "name '\(name)': expected a C identifier of at most 64 letters, digits and "
                + "underscores that begins with a letter")
    }
    guard !name.hasPrefix("_"), !cKeywords.contains(name) else {
        throw NetworkError("name '\(name)': reserved in C; choose another")
    }
}

private let cKeywords: Set<String> = [
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else",
    "enum", "extern", "float", "for", "goto", "if", "inline", "int", "long", "register",
    "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef",
    "union", "unsigned", "void", "volatile", "while",
]
