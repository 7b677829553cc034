import CodeGeneration
import FileIO
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
            try writeFile(contents.utf8, to: target.path)
        } catch let error as FileError {
            throw ToolchainError.cannotWrite(path: error.path, reason: error.cause)
        } catch {
            throw ToolchainError.cannotWrite(
                path: target.path, reason: error.localizedDescription)
        }
    }
}
