extension [String] {
    /// Each name where it stands first.
    package var withoutRepetition: [String] {
        indices.filter { !self[..<$0].contains(self[$0]) }.map { self[$0] }
    }
}
