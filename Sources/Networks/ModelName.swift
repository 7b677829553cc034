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
    if let reason = ReservedNames.reason(name) {
        throw NetworkError("name '\(name)': \(reason); choose another")
    }
}
