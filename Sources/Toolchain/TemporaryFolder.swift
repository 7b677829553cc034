import FileIO
import Foundation

/// Runs `body` with a folder that only this user can read, and removes the folder afterwards.
///
/// - Throws: `ToolchainError.cannotWrite`, or what `body` throws.
package func withTemporaryFolder<Result>(_ body: (URL) async throws -> Result) async throws
    -> Result
{
    let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("hilo-\(UUID().uuidString)", isDirectory: true)
    try createFolder(folder, permissions: 0o700)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder)
}

/// Makes `folder` and the folders above it.
func createFolder(_ folder: URL, permissions: Int = 0o755) throws {
    do {
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: permissions])
    } catch {
        throw ToolchainError.cannotWrite(path: folder.filePath, reason: systemReason(error))
    }
}

/// Writes a file into a folder that nobody else looks into.
func write(_ text: String, to file: URL) throws {
    try write(Data(text.utf8), to: file)
}

/// The same of bytes.
func write(_ bytes: some Collection<UInt8>, to file: URL) throws {
    do {
        try writeFile(bytes, to: file.filePath)
    } catch let error as FileError {
        throw ToolchainError.cannotWrite(path: error.path, reason: error.cause)
    }
}

extension URL {
    /// The path as the system takes it: spaces and quotes as they are, no slash at the end.
    var filePath: String { path }
}
