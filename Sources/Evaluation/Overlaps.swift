/// What objects are compared by.
public enum Measure: String, Sendable, CaseIterable {
    case boxes
    case masks
}

/// A box or a mask in a picture.
enum Shape {
    /// x, y, width and height.
    case box([Double])
    /// With the box around it.
    case mask(RunLengthMask, box: [Double])

    private var box: [Double] {
        switch self {
        case .box(let box), .mask(_, let box): box
        }
    }

    /// Intersection over union; for a crowd, over this shape's area alone.
    func overlap(_ truth: Shape, isCrowd: Bool) -> Double {
        switch (self, truth) {
        case (.mask(let mask, _), .mask(let other, _)):
            // Masks with boxes apart are most, and need no look at their pixels.
            guard Self.intersection(box, truth.box) > 0 else { return 0 }
            let common = mask.intersection(other)
            let all = isCrowd ? mask.area : mask.area + other.area - common
            return common == 0 ? 0 : Double(common) / Double(all)
        case (.box, _), (_, .box):
            let common = Self.intersection(box, truth.box)
            guard common > 0 else { return 0 }
            let area = box[2] * box[3]
            let all = isCrowd ? area : area + truth.box[2] * truth.box[3] - common
            return common / all
        }
    }

    private static func intersection(_ first: [Double], _ second: [Double]) -> Double {
        let width = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
        let height = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
        return width > 0 && height > 0 ? width * height : 0
    }
}

/// An annotated object as it is compared.
struct Truth {
    let id: Int
    let area: Double
    let isCrowd: Bool
    let shape: Shape
}

/// A detection as it is compared.
struct Found {
    let score: Double
    let area: Double
    let shape: Shape
}

/// The objects of one class in one picture: which detection is which object.
struct ImageMatches {
    /// Of the detections, falling.
    let scores: [Double]
    /// Objects that can be found.
    let objects: Int
    /// For each threshold: which detections are objects that can be found, and which are neither
    /// that nor wrong.
    private(set) var isHit: [[Bool]] = []
    private(set) var isIgnored: [[Bool]] = []

    /// - Parameters:
    ///   - found: by falling score.
    ///   - overlaps: of each detection with each truth.
    ///   - sizes: areas that count; objects of others may be found but need not be.
    init(
        _ found: [Found], _ truths: [Truth], overlaps: [[Double]], thresholds: [Double],
        sizes: ClosedRange<Double>
    ) {
        scores = found.map(\.score)
        let isIgnorable = truths.map { $0.isCrowd || !sizes.contains($0.area) }
        objects = isIgnorable.filter { !$0 }.count
        // Those that count first: a detection takes another one only when none of them is left.
        let order =
            truths.indices.filter { !isIgnorable[$0] }
            + truths.indices.filter { isIgnorable[$0] }
        for threshold in thresholds {
            var hits = [Bool](repeating: false, count: found.count)
            var ignored = hits
            var taken = [Bool](repeating: false, count: truths.count)
            for index in found.indices {
                let truth = Self.best(
                    for: overlaps[index], threshold: threshold, order: order, isIgnorable
                ) {
                    taken[$0] && !truths[$0].isCrowd
                }
                if let truth { taken[truth] = true }
                // COCOeval marks a match by the annotation's number, so that one with the number 0
                // is as good as none.
                let isMatched = truth.map { truths[$0].id != 0 } ?? false
                let isIgnorableMatch = truth.map { isIgnorable[$0] } ?? false
                ignored[index] =
                    isIgnorableMatch || !isMatched && !sizes.contains(found[index].area)
                hits[index] = isMatched && !ignored[index]
            }
            isHit.append(hits)
            isIgnored.append(ignored)
        }
    }

    /// The free truth with the largest overlap, of equal ones the last.
    private static func best(
        for overlaps: [Double], threshold: Double, order: [Int], _ isIgnorable: [Bool],
        isTaken: (Int) -> Bool
    ) -> Int? {
        var best: Int?
        var least = min(threshold, 1 - 1e-10)
        for truth in order where !isTaken(truth) {
            if let best, !isIgnorable[best], isIgnorable[truth] { break }
            guard overlaps[truth] >= least else { continue }
            least = overlaps[truth]
            best = truth
        }
        return best
    }
}
