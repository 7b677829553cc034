import TestFixtures
import Testing

@testable import hilo

/// Images of annotations are found by the names of their files.
@Suite struct AnnotationsTests {
    private let temporary: TemporaryFolder

    init() throws { temporary = try TemporaryFolder() }

    private func annotations(_ files: [String]) throws -> Annotations {
        let images = files.enumerated().map { "{\"id\": \($0), \"file_name\": \"\($1)\"}" }
        try temporary.write(
            "ids.json",
            "{\"images\": [\(images.joined(separator: ", "))], \"categories\": []}")
        return try Annotations(temporary.file("ids.json").path)
    }

    @Test(arguments: [
        ("x/a.jpg", 0), ("a.png", 1), ("a.b.npy", 2), ("/y/.hidden", 3), ("plain", 4),
        ("plain.png", 4),
    ]) func imagesAreFound(input: String, id: Int) throws {
        let annotations = try annotations(
            ["train/a.jpg", "a.png", "val/a.b.jpg", ".hidden", "plain"])
        #expect(try annotations.imageID(of: input) == id)
    }

    @Test(arguments: [("b.png", "no image"), ("a.npy", "2 images"), ("c.jpg", "2 images")])
    func othersAreRefused(input: String, found: String) throws {
        let annotations = try annotations(["a.jpg", "a.png", "x/c.jpg", "y/c.jpg"])
        let error = #expect(throws: InputError.self) { try annotations.imageID(of: input) }
        #expect(error?.description.contains("has \(found) whose file_name is \(input)") == true)
    }
}
