/// How well detections agree with annotations: the numbers of COCO's own evaluation (COCOeval of
/// pycocotools), ten thresholds of overlap from 0.5 to 0.95 and a hundred detections of a class in
/// a picture. A number is nil where there is nothing to find; there COCOeval prints -1.
public struct DetectionAccuracy: Equatable, Sendable {
    /// Areas of objects in pixels.
    public enum Sizes: String, Sendable, CaseIterable {
        case all, small, medium, large

        var areas: ClosedRange<Double> {
            switch self {
            case .all: 0...1e10
            case .small: 0...1024
            case .medium: 1024...9216
            case .large: 9216...1e10
            }
        }
    }

    /// One class.
    public struct ByCategory: Equatable, Sendable {
        public let id: Int
        public let name: String
        /// Over all thresholds and sizes.
        public let precision: Double?
    }

    /// AP: over all thresholds and classes, for objects of each size.
    public let precision: [Sizes: Double]
    /// AP50 and AP75: at one threshold.
    public let precisionAt50: Double?
    public let precisionAt75: Double?
    /// AR: the share of objects that the best 1, 10 or 100 detections of a class in a picture find.
    public let recallOfBest: [Int: Double]
    /// The same of the best 100, for objects of each size.
    public let recall: [Sizes: Double]
    public let categories: [ByCategory]

    /// Detections of one class in one picture that are looked at.
    static let most = [1, 10, mostOfAll]
    static let mostOfAll = 100
    /// As NumPy spaces them.
    static let thresholds: [Double] = {
        let (first, last) = (0.5, 0.95)
        let step = (last - first) / 9
        return (0..<9).map { Double($0) * step + first } + [last]
    }()

    /// - Parameters:
    ///   - measure: for `.masks`, all detections and annotations need a segmentation.
    ///   - sizesByMasks: whether a detection's size is that of its mask even if it has a box too.
    ///     In pycocotools it is that of the box then; mmdetection takes the boxes away, so that
    ///     published numbers of small, medium and large masks are by masks.
    /// - Throws: `EvaluationError` when a detection is in no picture of the data set or lacks what
    ///   is measured.
    public init(
        of detections: [CocoDetection], against dataset: CocoDataset, by measure: Measure,
        sizesByMasks: Bool = false
    ) throws {
        let objects = try ComparedObjects(
            detections, dataset, measure, sizesByMasks: sizesByMasks)
        var curves: [Sizes: [Curves]] = [:]
        let categories = dataset.categories.sorted { $0.id < $1.id }
        for category in categories {
            let images = objects.images(of: category.id)
            for sizes in Sizes.allCases {
                let matches = images.map { $0.matches(sizes.areas) }
                // The best 1 and 10 are asked for among all sizes only.
                let best = sizes == .all ? Self.most : [Self.mostOfAll]
                curves[sizes, default: []].append(Curves(matches, ofBest: best))
            }
        }
        func all(_ sizes: Sizes) -> [Curves] { curves[sizes] ?? [] }
        func average(_ values: [Double?]) -> Double? { Self.mean(values) }
        precision = Dictionary(
            uniqueKeysWithValues: Sizes.allCases.compactMap { sizes in
                average(all(sizes).map(\.meanPrecision)).map { (sizes, $0) }
            })
        precisionAt50 = average(all(.all).map { $0.meanPrecision(at: 0) })
        precisionAt75 = average(all(.all).map { $0.meanPrecision(at: 5) })
        recallOfBest = Dictionary(
            uniqueKeysWithValues: Self.most.compactMap { most in
                average(all(.all).map { $0.meanRecall(ofBest: most) }).map { (most, $0) }
            })
        recall = Dictionary(
            uniqueKeysWithValues: Sizes.allCases.compactMap { sizes in
                average(all(sizes).map { $0.meanRecall(ofBest: Self.mostOfAll) })
                    .map { (sizes, $0) }
            })
        self.categories = zip(categories, all(.all)).map {
            ByCategory(id: $0.id, name: $0.name, precision: $1.meanPrecision)
        }
    }

    /// Of those that are; nil if none is. Each class has as many thresholds, so that the mean of
    /// their means is the mean of all.
    static func mean(_ values: [Double?]) -> Double? {
        let known = values.compactMap(\.self)
        return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
    }
}

/// Precision and recall of one class and size, at each threshold; nil where there is nothing to
/// find.
private struct Curves {
    /// Precision at 101 recalls for each threshold, of the best 100 detections in a picture.
    private let precisions: [[Double]]?
    /// The largest recall for each threshold, of so many best detections.
    private let recalls: [Int: [Double]]

    /// - Parameter numbers: of best detections in a picture whose recall is asked for, 100 among
    ///   them.
    init(_ images: [ImageMatches], ofBest numbers: [Int]) {
        let objects = images.reduce(0) { $0 + $1.objects }
        guard objects > 0 else {
            (precisions, recalls) = (nil, [:])
            return
        }
        var (recalls, precisions): ([Int: [Double]], [[Double]]) = ([:], [])
        for most in numbers {
            let ranking = Ranking(images, most: most)
            for threshold in DetectionAccuracy.thresholds.indices {
                let curve = ranking.curve(threshold, objects: objects)
                recalls[most, default: []].append(curve.recalls.last ?? 0)
                if most == DetectionAccuracy.mostOfAll { precisions.append(curve.interpolated) }
            }
        }
        (self.precisions, self.recalls) = (precisions, recalls)
    }

    var meanPrecision: Double? {
        guard let precisions else { return nil }
        return DetectionAccuracy.mean(precisions.map { DetectionAccuracy.mean($0) })
    }

    func meanPrecision(at threshold: Int) -> Double? {
        precisions.flatMap { DetectionAccuracy.mean($0[threshold]) }
    }

    func meanRecall(ofBest most: Int) -> Double? {
        recalls[most].flatMap { DetectionAccuracy.mean($0) }
    }
}

/// The detections of one class in all pictures by falling score; of equal ones in the order of
/// pictures.
private struct Ranking {
    private let images: [ImageMatches]
    private let order: [(image: Int, index: Int)]

    init(_ images: [ImageMatches], most: Int) {
        self.images = images
        let places = images.indices.flatMap { image in
            images[image].scores.indices.prefix(most).map { (image: image, index: $0) }
        }
        order = places.enumerated().sorted {
            let first = images[$0.element.image].scores[$0.element.index]
            let second = images[$1.element.image].scores[$1.element.index]
            return first == second ? $0.offset < $1.offset : first > second
        }.map(\.element)
    }

    func curve(_ threshold: Int, objects: Int) -> Curve {
        var curve = Curve()
        var (hits, wrong) = (0.0, 0.0)
        for place in order {
            let image = images[place.image]
            if image.isHit[threshold][place.index] {
                hits += 1
            } else if !image.isIgnored[threshold][place.index] {
                wrong += 1
            }
            curve.recalls.append(hits / Double(objects))
            curve.precisions.append(hits / (hits + wrong + .ulpOfOne))
        }
        return curve
    }
}

/// Recall and precision of the first 1, 2, 3, … detections.
private struct Curve {
    var recalls: [Double] = []
    var precisions: [Double] = []

    /// At recalls of 0, 0.01, …, 1: the best precision with at least that recall; 0 where it is
    /// never reached.
    var interpolated: [Double] {
        var best = precisions
        for index in best.indices.dropFirst().reversed() {
            best[index - 1] = max(best[index - 1], best[index])
        }
        var index = 0
        return (0...100).map { step in
            let recall = Double(step) * 0.01
            while index < recalls.count && recalls[index] < recall { index += 1 }
            return index < best.count ? best[index] : 0
        }
    }
}
