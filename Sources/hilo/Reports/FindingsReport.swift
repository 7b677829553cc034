import Evaluation
import HiLoKit

/// What `run` prints of a detector's or a segmenter's results.
struct FindingsReport {
    let classes: ClassNames
    let leastScore: Double

    /// Objects of an image in the form of COCO's results.
    func results(_ objects: [DetectedObject], in image: FoundImage) -> [CocoDetection] {
        objects.map {
            CocoDetection(
                $0, imageID: image.id, categoryID: classes.id($0.classIndex), size: image.size)
        }
    }

    func text(_ objects: [DetectedObject]) -> String {
        let listed = objects.filter { Double($0.score) >= leastScore }
        var table = Table([.left, .right, .right, .right, .right, .right])
        for object in listed {
            table.add(
                [classes.name(object.classIndex), "\(decimal(100 * Double(object.score), 1)) %"]
                    + [object.x0, object.y0, object.x1, object.y1].map { decimal(Double($0), 1) })
        }
        let others = objects.count - listed.count
        let rest =
            "\(others) \(listed.isEmpty ? "" : "more ")below a score of \(decimal(leastScore, 2))"
        if objects.isEmpty { return "nothing found" }
        return [listed.isEmpty ? nil : table.text, others > 0 ? rest : nil].compactMap { $0 }
            .joined(separator: "\n")
    }

    func text(_ image: SegmentedImage) -> String {
        let pixels = Double(image.classes.reduce(0) { $0 + $1.pixels })
        var table = Table([.left, .left, .right])
        for share in image.classes {
            let part = Double(share.pixels) / pixels
            table.add([
                share.label ?? "\(share.categoryID)", bar(part), "\(decimal(100 * part, 1)) %",
            ])
        }
        return table.text
    }
}
