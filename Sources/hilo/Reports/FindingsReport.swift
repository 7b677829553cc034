import HiLoKit

/// What `run` prints of a detector's or a segmenter's results.
struct FindingsReport {
    let classes: ClassNames
    let leastScore: Double

    /// The objects of an image in the form of COCO's results.
    func results(_ image: FoundImage) -> [COCOResult] {
        guard case .detections(let objects) = image.findings else { return [] }
        return objects.map { COCOResult($0, in: image, classes) }
    }

    /// The classes of an image's pixels; nil of a detector.
    func segmented(_ image: FoundImage) -> SegmentedImage? {
        guard case .labels(let map) = image.findings else { return nil }
        return SegmentedImage(map, in: image, classes)
    }

    func text(_ image: FoundImage) -> String {
        switch image.findings {
        case .detections(let objects): text(objects)
        case .labels: segmented(image).map(text) ?? ""
        }
    }

    private func text(_ objects: [DetectedObject]) -> String {
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

    private func text(_ image: SegmentedImage) -> String {
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
