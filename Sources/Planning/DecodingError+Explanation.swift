extension DecodingError {
    /// What is wrong, and where.
    package var explanation: String {
        switch self {
        case .keyNotFound(let key, let context):
            return "\(path(context)) has no '\(key.stringValue)'"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "\(path(context)): \(context.debugDescription)"
        case .dataCorrupted(let context): return context.debugDescription
        @unknown default: return "\(self)"
        }
    }

    private func path(_ context: Context) -> String {
        context.codingPath.isEmpty
            ? "it" : context.codingPath.map(\.stringValue).joined(separator: ".")
    }
}
