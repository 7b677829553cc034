import CodeGeneration
import Foundation
import Toolchain

extension GeneratedFile {
    /// Writes it, and makes the folders above it.
    ///
    /// - Throws: `ToolchainError.cannotWrite`.
    func write(to target: URL) throws {
        do {
            try FileManager.default.createDirectory(
                at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(contents.utf8).write(to: target)
        } catch {
            throw ToolchainError.cannotWrite(
                path: target.path, reason: error.localizedDescription)
        }
    }
}
