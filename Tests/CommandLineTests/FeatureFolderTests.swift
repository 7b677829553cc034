import ArrayFiles
import Foundation
import ImageFiles
import Testing

@testable import hilo

@Suite struct FeatureFolderTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    private func stages(images: Int) -> [FeatureFolder.Stage] {
        [("stage1", [images, 4, 3, 5]), ("stage2", [images, 8, 1, 2])].map { name, shape in
            let count = shape.reduce(1, *)
            return (name, NPYArray(shape: shape, values: (0..<count).map { Float($0 * $0 % 37) }))
        }
    }

    @Test func arraysComeBack() throws {
        let folder = sandbox.file("new/maps")
        try FeatureFolder(url: folder, layout: .planes).write(stages(images: 2), pictures: false)
        #expect(
            try sandbox.contents() == [
                "new", "new/maps", "new/maps/stage1.npy", "new/maps/stage2.npy",
            ])
        for (name, maps) in stages(images: 2) {
            #expect(try NPYArray(contentsOf: folder.appending(path: "\(name).npy").path) == maps)
        }
    }

    @Test func onePictureForEachImage() throws {
        let folder = FeatureFolder(url: sandbox.folder, layout: .planes)
        try folder.write(stages(images: 2), pictures: true)
        let names = ["stage1", "stage2"].flatMap { ["\($0).npy", "\($0)_0.png", "\($0)_1.png"] }
        #expect(try sandbox.contents() == names)
        let image = try RGBImage(contentsOf: sandbox.file("stage1_1.png").path)
        #expect((image.height, image.width) == (306, 510))
        #expect(try RGBImage(contentsOf: sandbox.file("stage1_0.png").path) != image)
    }

    @Test func otherFilesStayAndOldOnesAreReplaced() throws {
        try sandbox.write("notes.txt", "precious")
        try sandbox.write("stage1.npy", "old")
        try FeatureFolder(url: sandbox.folder, layout: .planes).write(
            stages(images: 1), pictures: true)
        #expect(
            try sandbox.contents() == [
                "notes.txt", "stage1.npy", "stage1.png", "stage2.npy", "stage2.png",
            ])
        #expect(
            try NPYArray(contentsOf: sandbox.file("stage1.npy").path) == stages(images: 1)[0].maps)
    }

    /// The errors end the program with 73, and name what is in the way.
    @Test func aFileInTheWay() throws {
        try sandbox.write("file", "precious")
        for name in ["file", "file/maps"] {
            let folder = FeatureFolder(url: sandbox.file(name), layout: .planes)
            let error = #expect(throws: OutputError.self) {
                try folder.write(stages(images: 1), pictures: true)
            }
            #expect(error?.description.hasPrefix(folder.url.path) == true)
        }
        #expect(try String(contentsOf: sandbox.file("file"), encoding: .utf8) == "precious")
    }

    @Test(arguments: ["stage2.npy", "stage1.png"]) func aFolderInTheWay(name: String) throws {
        let obstacle = sandbox.file(name)
        try FileManager.default.createDirectory(at: obstacle, withIntermediateDirectories: true)
        let error = #expect(throws: (any Error).self) {
            try FeatureFolder(url: sandbox.folder, layout: .planes).write(
                stages(images: 1), pictures: true)
        }
        #expect(error.map { "\($0)".hasPrefix(obstacle.path) } == true)
        let isUnwritable = error is OutputError || (error as? ImageFileError)?.reason == .unwritable
        #expect(isUnwritable)
    }
}
