import Graphs

extension Resolution {
    /// Reads `224` or `800x1344` (height × width), or a recipe's name, which stands for all its
    /// sizes.
    ///
    /// - Throws: `NetworkError`.
    public init(parsing text: String) throws {
        if let rule = InputRule(rawValue: text) { self.init(rule); return }
        let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        switch sides.count {
        case 1: if let side = sides[0] { self.init(height: side, width: side); return }
        case 2:
            if let height = sides[0], let width = sides[1] {
                self.init(height: height, width: width); return
            }
        default: break
        }
        throw NetworkError(
            "resolution '\(text)': expected a side (224) or height x width (800x1344)")
    }
}
