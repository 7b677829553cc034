import Foundation

/// A template of C as it is in libraries for one size, for programs that include it alone: without
/// what only libraries for all sizes of a recipe have. Other tags stay.
///
/// - Parameter name: its place in `Templates/c`, without `.mustache`.
public func templateText(_ name: String) throws -> String {
    let project = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let file = project.appending(path: "Templates/c/\(name).mustache")
    return try String(contentsOf: file, encoding: .utf8)
        .replacing(/(?s)<%#flexible%>\n.*?<%\/flexible%>\n/, with: "")
}
