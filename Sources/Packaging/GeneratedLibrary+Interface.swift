import CodeGeneration
import Foundation
import HiLoKit

extension GeneratedLibrary {
    /// Sources are compiled as they are, while the module that calls them is this version's.
    ///
    /// - Throws: `PackagingError.otherVersion`.
    func checkInterface() throws {
        let header = "include/\(name).h"
        let expected = Generator(plan).files().first { $0.path == header }?.contents
        let path = folder.appending(path: header).path
        guard let found = try? String(contentsOfFile: path, encoding: .utf8), found == expected
        else {
            throw PackagingError.otherVersion(
                "\(path): is not what HiLo \(GeneratorVersion.number) generates, and a module of this version "
                    + "would not fit; generate the library again")
        }
    }
}
