import ArrayFiles
import Foundation
import ImageFiles
import TestFixtures
import Testing

@testable import hilo

@Suite struct FeatureFolderTests {
    private let temporary: TemporaryFolder

    init() throws { temporary = try TemporaryFolder() }

    private func stages(images: Int) -> [FeatureFolder.Stage] {
        [("stage1", [images, 4, 3, 5]), ("stage2", [images, 8, 1, 2])].map { name, shape in
            let count = shape.reduce(1, *)
            return (name, NPYArray(shape: shape, values: (0..<count).map { Float($0 * $0 % 37) }))
        }
    }

    @Test func arraysComeBack() throws {
        let folder = temporary.file("new/maps")
        try FeatureFolder(url: folder, layout: .planes).write(stages(images: 2), pictures: false)
        #expect(
            try temporary.contents() == [
                "new", "new/maps", "new/maps/stage1.npy", "new/maps/stage2.npy",
            ])
        for (name, maps) in stages(images: 2) {
            #expect(try NPYArray(contentsOf: folder.appending(path: "\(name).npy").path) == maps)
        }
    }

    @Test func onePictureForEachImage() throws {
        let folder = FeatureFolder(url: temporary.folder, layout: .planes)
        try folder.write(stages(images: 2), pictures: true)
        let names = ["stage1", "stage2"].flatMap { ["\($0).npy", "\($0)_0.png", "\($0)_1.png"] }
        #expect(try temporary.contents() == names)
        let image = try RGBImage(contentsOf: temporary.file("stage1_1.png").path)
        #expect((image.height, image.width) == (306, 510))
        #expect(try RGBImage(contentsOf: temporary.file("stage1_0.png").path) != image)
    }

    @Test func otherFilesStayAndOldOnesAreReplaced() throws {
        try temporary.write("notes.txt", "precious")
        try temporary.write("stage1.npy", "old")
        try FeatureFolder(url: temporary.folder, layout: .planes).write(
            stages(images: 1), pictures: true)
        #expect(
            try temporary.contents() == [
                "notes.txt", "stage1.npy", "stage1.png", "stage2.npy", "stage2.png",
            ])
        #expect(
            try NPYArray(contentsOf: temporary.file("stage1.npy").path) == stages(images: 1)[0].maps
        )
    }

    /// The errors end the program with 73, and name what is in the way.
    @Test func aFileInTheWay() throws {
        try temporary.write("file", "precious")
        for name in ["file", "file/maps"] {
            let folder = FeatureFolder(url: temporary.file(name), layout: .planes)
            let error = #expect(throws: OutputError.self) {
                try folder.write(stages(images: 1), pictures: true)
            }
            #expect(error?.description.hasPrefix(folder.url.path) == true)
        }
        #expect(try String(contentsOf: temporary.file("file"), encoding: .utf8) == "precious")
    }

    @Test(arguments: ["stage2.npy", "stage1.png"]) func aFolderInTheWay(name: String) throws {
        let obstacle = temporary.file(name)
        try FileManager.default.createDirectory(at: obstacle, withIntermediateDirectories: true)
        let error = #expect(throws: (any Error).self) {
            try FeatureFolder(url: temporary.folder, layout: .planes).write(
                stages(images: 1), pictures: true)
        }
        #expect(error.map { "\($0)".hasPrefix(obstacle.path) } == true)
        let isUnwritable = error is OutputError || (error as? ImageFileError)?.reason == .unwritable
        #expect(isUnwritable)
    }
}
