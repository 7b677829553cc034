/// Annotations and detections with their shapes, by class and picture.
struct ComparedObjects {
    private struct Place: Hashable {
        let category: Int
        let image: Int
    }

    private var truths: [Place: [Truth]] = [:]
    private var found: [Place: [Found]] = [:]
    private let imageIDs: [Int]

    init(
        _ detections: [CocoDetection], _ dataset: CocoDataset, _ measure: Measure,
        sizesByMasks: Bool
    ) throws {
        let images = Dictionary(uniqueKeysWithValues: dataset.images.map { ($0.id, $0) })
        let categories = Set(dataset.categories.map(\.id))
        imageIDs = images.keys.sorted()
        for annotation in dataset.annotations where categories.contains(annotation.categoryID) {
            guard let image = images[annotation.imageID] else { continue }
            let place = Place(category: annotation.categoryID, image: image.id)
            truths[place, default: []].append(try Truth(annotation, in: image, measure))
        }
        for (index, detection) in detections.enumerated() {
            guard let image = images[detection.imageID] else {
                throw EvaluationError(
                    "detection \(index) is in picture \(detection.imageID), which the annotations"
                        + " do not have")
            }
            guard categories.contains(detection.categoryID) else { continue }
            let place = Place(category: detection.categoryID, image: image.id)
            found[place, default: []].append(
                try Found(detection, index, in: image, measure, sizesByMasks: sizesByMasks))
        }
    }

    /// Those of a class, picture by picture; pictures without any are left out.
    func images(of category: Int) -> [ComparedImage] {
        imageIDs.compactMap { image in
            let place = Place(category: category, image: image)
            guard truths[place] != nil || found[place] != nil else { return nil }
            return ComparedImage(truths: truths[place] ?? [], found: found[place] ?? [])
        }
    }
}

/// The objects of one class in one picture, each detection compared with each truth.
struct ComparedImage {
    private let truths: [Truth]
    private let found: [Found]
    private let overlaps: [[Double]]

    init(truths: [Truth], found: [Found]) {
        self.truths = truths
        let order = found.indices.sorted {
            found[$0].score == found[$1].score ? $0 < $1 : found[$0].score > found[$1].score
        }
        self.found = order.prefix(DetectionAccuracy.mostOfAll).map { found[$0] }
        overlaps = self.found.map { found in
            truths.map { found.shape.overlap($0.shape, isCrowd: $0.isCrowd) }
        }
    }

    func matches(_ sizes: ClosedRange<Double>) -> ImageMatches {
        ImageMatches(
            found, truths, overlaps: overlaps, thresholds: DetectionAccuracy.thresholds,
            sizes: sizes)
    }
}

extension Truth {
    init(
        _ annotation: CocoDataset.Annotation, in image: CocoDataset.Image, _ measure: Measure
    ) throws {
        id = annotation.id
        area = annotation.area
        isCrowd = annotation.isCrowd
        switch measure {
        case .boxes: shape = .box(annotation.box)
        case .masks:
            let mask = try annotation.segmentation.mask(
                in: image, of: "annotation \(annotation.id)")
            shape = .mask(mask, box: mask.box)
        }
    }
}

extension Found {
    /// As pycocotools does: a detection has the area of its box, and the box of its mask where it
    /// has none.
    init(
        _ detection: CocoDetection, _ index: Int, in image: CocoDataset.Image, _ measure: Measure,
        sizesByMasks: Bool
    ) throws {
        score = detection.score
        let boxArea = detection.box.map { $0[2] * $0[3] }
        if measure == .boxes, let box = detection.box, let boxArea {
            shape = .box(box)
            area = boxArea
            return
        }
        let mask = try detection.segmentation.mask(in: image, of: "detection \(index)")
        shape = measure == .boxes ? .box(mask.box) : .mask(mask, box: mask.box)
        area = sizesByMasks ? Double(mask.area) : boxArea ?? Double(mask.area)
    }
}

extension CocoSegmentation? {
    fileprivate func mask(in image: CocoDataset.Image, of owner: String) throws -> RunLengthMask {
        guard let self else { throw EvaluationError("\(owner) has no segmentation") }
        do {
            return try self.mask(height: image.height, width: image.width)
        } catch let error as EvaluationError {
            throw EvaluationError("\(owner): \(error)")
        }
    }
}
