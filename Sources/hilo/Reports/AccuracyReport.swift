import Evaluation
import Foundation

/// What `accuracy` prints. In JSON a number that does not exist, since there is nothing to find, is
/// null.
protocol AccuracyReport: Encodable, Sendable {
    func text(byClass: Bool) -> String
}

/// Numbers by name; names are kept as they are in JSON.
typealias Figures = [String: Double?]

private func text(_ value: Double?) -> String {
    value.map { decimal($0, 4) } ?? "-"
}

// MARK: - Detection

/// Boxes, and masks where all detections and annotations have them.
struct DetectionReport: AccuracyReport {
    struct Category: Encodable {
        let id: Int
        let name: String
        let boxes: Double?
        let masks: Double?
    }

    let images: Int
    let detections: Int
    let boxes: Figures
    /// nil without masks.
    let masks: Figures?
    let categories: [Category]

    init(_ found: [CocoDetection], _ dataset: CocoDataset, sizesByMasks: Bool) throws {
        let boxes = try DetectionAccuracy(of: found, against: dataset, by: .boxes)
        let hasMasks =
            !found.isEmpty && found.allSatisfy { $0.segmentation != nil }
            && dataset.annotations.allSatisfy { $0.segmentation != nil }
        let masks =
            hasMasks
            ? try DetectionAccuracy(
                of: found, against: dataset, by: .masks, sizesByMasks: sizesByMasks) : nil
        images = dataset.images.count
        detections = found.count
        self.boxes = boxes.figures
        self.masks = masks?.figures
        categories = boxes.categories.enumerated().map { index, category in
            Category(
                id: category.id, name: category.name, boxes: category.precision,
                masks: masks?.categories[index].precision)
        }
    }

    func text(byClass: Bool) -> String {
        var table = Table(
            [("", .left), ("boxes", .right)] + (masks == nil ? [] : [("masks", .right)]))
        for name in DetectionAccuracy.names {
            table.add(row(name, boxes[name] ?? nil, masks?[name] ?? nil))
        }
        if byClass {
            for category in categories {
                table.add(row("AP of \(category.name)", category.boxes, category.masks))
            }
        }
        return "\(images) pictures, \(detections) detections\n\(table.text)"
    }

    private func row(_ name: String, _ box: Double?, _ mask: Double?) -> [String] {
        [name, hilo.text(box)] + (masks == nil ? [] : [hilo.text(mask)])
    }
}

extension DetectionAccuracy {
    fileprivate static let names = [
        "AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large", "AR1", "AR10", "AR100",
        "AR_small", "AR_medium", "AR_large",
    ]

    fileprivate var figures: Figures {
        var figures: Figures = [
            "AP": precision[.all], "AP50": precisionAt50, "AP75": precisionAt75,
        ]
        for most in [1, 10, 100] { figures["AR\(most)"] = .some(recallOfBest[most]) }
        for sizes in [Sizes.small, .medium, .large] {
            figures["AP_\(sizes.rawValue)"] = .some(precision[sizes])
            figures["AR_\(sizes.rawValue)"] = .some(recall[sizes])
        }
        return figures
    }
}

// MARK: - Segmentation

struct SegmentationReport: AccuracyReport {
    struct Class: Encodable {
        let index: Int
        /// nil where it is not known.
        let name: String?
        let figures: Figures

        private enum CodingKeys: String, CodingKey {
            case index = "class"
            case name, figures
        }
    }

    let images: Int
    let pixels: Int
    let figures: Figures
    let classes: [Class]

    init(_ accuracy: SegmentationAccuracy, images: Int, names: [String]) {
        self.images = images
        pixels = accuracy.pixels
        figures = [
            "mIoU": accuracy.meanOverlap, "mAcc": accuracy.meanRecall, "aAcc": accuracy.overall,
        ]
        classes = accuracy.classes.map { label in
            let index = Int(label)
            return Class(
                index: index, name: names.indices.contains(index) ? names[index] : nil,
                figures: ["IoU": accuracy.overlap(of: label), "Acc": accuracy.recall(of: label)])
        }
    }

    func text(byClass: Bool) -> String {
        var table = Table([.left, .right])
        for name in ["mIoU", "mAcc", "aAcc"] { table.add([name, hilo.text(figures[name] ?? nil)]) }
        if byClass {
            for entry in classes {
                let value = entry.figures["IoU"] ?? nil
                table.add(["IoU of \(entry.name ?? "\(entry.index)")", hilo.text(value)])
            }
        }
        return "\(images) pictures, \(pixels) pixels\n\(table.text)"
    }
}
