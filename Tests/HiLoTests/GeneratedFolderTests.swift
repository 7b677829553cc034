import Foundation
import HiLoKit
import Testing

/// `Generated/` shows readers what the generator writes today, to the byte.
@Suite struct GeneratedFolderTests {
    @Test func generatedFolderIsUpToDate() throws {
        let folder = projectFolder.appending(path: "Generated/digits")
        let files = Generator(try DigitsTests.plan(.avx2)).files()
        for file in files {
            let committed = try? String(
                contentsOf: folder.appending(path: file.path), encoding: .utf8)
            #expect(
                committed == file.contents,
                "Generated/digits/\(file.path) is out of date: run 'make generated'")
        }
        let enumerator = FileManager.default.enumerator(
            at: folder, includingPropertiesForKeys: [.isRegularFileKey])
        let present = (enumerator?.allObjects as? [URL] ?? [])
            .filter { (try? $0.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true }
            .map {
                $0.standardizedFileURL.path.replacing(
                    folder.standardizedFileURL.path + "/", with: "")
            }
        #expect(Set(present) == Set(files.map(\.path)))
    }

    /// What would make two machines write different files.
    @Test func generatedFilesNameNoPlaceAndNoTime() throws {
        for isa in ISA.all {
            for file in Generator(try Planner(smallNetwork(), Target(isa: isa)).plan()).files() {
                #expect(!file.contents.contains(NSHomeDirectory() + "/"), "\(file.path)")
                #expect(!file.contents.contains(projectFolder.path), "\(file.path)")
                #expect(!file.contents.contains("202\(6)-"), "\(file.path)")
            }
        }
    }
}
