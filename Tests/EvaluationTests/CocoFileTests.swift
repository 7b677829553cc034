import FileIO
import Foundation
import Testing

@testable import Evaluation

@Suite struct CocoFileTests {
    /// What reading a file with that text says.
    private func problem(_ text: String) throws -> String {
        let file = FileManager.default.temporaryDirectory
            .appending(path: "hilo-coco-\(UUID().uuidString).json")
        try Data(text.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        do {
            _ = try CocoDataset(contentsOf: file.path)
            return ""
        } catch let error as EvaluationError {
            return error.description.replacing("\(file.path): ", with: "")
        }
    }

    private func dataset(annotation: String) -> String {
        """
        {"images": [{"id": 1, "file_name": "a.jpg", "height": 5, "width": 7}],
        "annotations": [{"id": 4, "image_id": 1, "category_id": 2, \(annotation)}],
        "categories": [{"id": 2, "name": "cat"}]}
        """
    }

    @Test(arguments: [
        ("\"area\": 3", "annotations[0].bbox is missing"),
        ("\"bbox\": [1, 2, 3, 4]", "annotations[0].area is missing"),
        (
            "\"bbox\": [1, 2, 3], \"area\": 3",
            "annotations[0].bbox: 3 numbers; expected x, y, width, height"
        ),
        ("\"bbox\": \"x\", \"area\": 3", "annotations[0].bbox is no list"),
        ("\"bbox\": [1, 2, 3, 4], \"area\": \"x\"", "annotations[0].area is no number"),
        (
            "\"bbox\": [1, 2, 3, 4], \"area\": 3, \"segmentation\": {\"size\": [5, 7]}",
            "annotations[0].segmentation.counts is missing"
        ),
        (
            """
            "bbox": [1, 2, 3, 4], "area": 3, "segmentation": {"size": [5], "counts": [35]}
            """, "annotations[0].segmentation.size: expected height and width"
        ),
        ("\"bbox\": [1, 2, 3, 4], \"area\": 3", ""),
    ]) func saysWhatIsWrong(annotation: String, expected: String) throws {
        #expect(try problem(dataset(annotation: annotation)) == expected)
    }

    @Test func saysThatItIsNoJSON() throws {
        #expect(try problem("{").hasPrefix("no JSON text"))
        #expect(try problem("[]") != "")
        #expect(try problem("") != "")
    }

    @Test func doublesAreRefused() throws {
        let image = "{\"id\": 1, \"file_name\": \"a.jpg\", \"height\": 5, \"width\": 7}"
        #expect(
            try problem(
                "{\"images\": [\(image), \(image)], \"annotations\": [], \"categories\": []}")
                == "two images have the id 1")
    }

    /// What is written is what is read.
    @Test(arguments: [
        CocoSegmentation.compressed(height: 5, width: 7, "S1"),
        .counts(height: 5, width: 7, [30, 5]), .polygons([[1, 2, 3, 4, 5, 6]]), nil,
    ]) func detectionsComeBack(segmentation: CocoSegmentation?) throws {
        let detection = CocoDetection(
            imageID: 3, categoryID: 90, score: 0.25, box: [1, 2, 3, 4.5],
            segmentation: segmentation)
        let copy = try JSONDecoder().decode(
            CocoDetection.self, from: JSONEncoder().encode(detection))
        #expect((copy.imageID, copy.categoryID, copy.score) == (3, 90, 0.25))
        #expect(copy.box == [1, 2, 3, 4.5])
        let mask = try copy.segmentation?.mask(height: 5, width: 7)
        #expect(try segmentation?.mask(height: 5, width: 7) == mask)
    }

    @Test func aMissingFileIsNamed() {
        #expect(throws: FileError.self) { try CocoDataset(contentsOf: "/nowhere/a.json") }
        #expect(throws: FileError.self) { try CocoDetection.list(contentsOf: "/nowhere/a.json") }
    }
}
