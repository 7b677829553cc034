import Evaluation
import HiLoKit
import ImageFiles
import ResultPictures

/// An image and what was found in it.
struct FoundImage {
    /// The file, as it was named; with a number behind it for one of several images in an array.
    let name: String
    let id: Int
    /// nil of an array.
    let picture: RGBImage?
    let size: Resolution
    let findings: Findings
}

/// What numbers of classes mean.
struct ClassNames {
    /// None where they are not known.
    let names: [String]
    /// Of the annotation file; nil where there is none.
    let ids: [Int]?

    func name(_ index: Int) -> String {
        names.indices.contains(index) ? names[index] : "\(index)"
    }

    func id(_ index: Int) -> Int {
        ids.flatMap { $0.indices.contains(index) ? $0[index] : nil } ?? index
    }
}

extension CocoDetection {
    /// - Parameter size: of the picture, which its mask has too.
    init(_ object: DetectedObject, imageID: Int, categoryID: Int, size: Resolution) {
        let (x0, y0) = (Double(object.x0), Double(object.y0))
        self.init(
            imageID: imageID, categoryID: categoryID, score: Double(object.score),
            box: [x0, y0, Double(object.x1) - x0, Double(object.y1) - y0],
            segmentation: object.mask.map {
                .compressed(height: size.height, width: size.width, $0)
            })
    }
}

/// How many pixels of an image have which class.
struct SegmentedImage: Encodable {
    struct Share: Encodable {
        let categoryID: Int
        /// nil where it is not known.
        let label: String?
        let pixels: Int

        private enum CodingKeys: String, CodingKey {
            case categoryID = "category_id"
            case label, pixels
        }
    }

    let imageID: Int
    /// Height and width.
    let size: [Int]
    /// The largest first.
    let classes: [Share]

    private enum CodingKeys: String, CodingKey {
        case imageID = "image_id"
        case size, classes
    }

    init(_ map: ClassMap, in image: FoundImage, _ names: ClassNames) {
        imageID = image.id
        size = [map.size.height, map.size.width]
        classes = map.counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
            let index = Int($0.key)
            return Share(
                categoryID: names.id(index),
                label: names.names.indices.contains(index) ? names.names[index] : nil,
                pixels: $0.value)
        }
    }
}

extension FoundImage {
    /// The picture with the findings drawn in.
    ///
    /// - Parameter leastScore: of objects that are drawn.
    func drawn(_ classes: ClassNames, leastScore: Double) -> RGBImage? {
        guard let picture else { return nil }
        switch findings {
        case .detections(let objects):
            let shown = objects.filter { Double($0.score) >= leastScore }.map {
                DrawnDetection($0, of: size, classes)
            }
            return ResultPictures.drawn(shown, on: picture)
        case .labels(let map):
            return SegmentationPicture(labels: map.classes, on: picture, names: classes.names).image
        }
    }
}

extension DrawnDetection {
    fileprivate init(_ object: DetectedObject, of size: Resolution, _ classes: ClassNames) {
        self.init(
            box: Box(
                x0: Double(object.x0), y0: Double(object.y0), x1: Double(object.x1),
                y1: Double(object.y1)),
            label: classes.name(object.classIndex), score: Double(object.score),
            classIndex: object.classIndex,
            mask: object.mask.flatMap {
                try? RunLengthMask(height: size.height, width: size.width, compressed: $0)
            }.map { Bitmap(width: size.width, height: size.height, bytes: $0.pixels) })
    }
}
