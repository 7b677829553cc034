import Evaluation
import FileIO

/// How often a classifier is right, and how far it agrees with another.
struct ClassificationReport: AccuracyReport {
    struct Class: Encodable {
        let index: Int
        /// nil where it is not known.
        let name: String?
        let images: Int
        let top1: Double?

        private enum CodingKeys: String, CodingKey {
            case index = "class"
            case name, images, top1
        }
    }

    /// The other classifier.
    struct Other: Encodable {
        /// The folder of the library, or the file with its logits.
        let source: String
        let figures: Figures
        /// nil of logits from a file.
        let imagesPerSecond: Double?
        /// The share of pictures of which both find the same class likeliest.
        let agreement: Double?
        let probabilityDifference: Difference
    }

    /// Of the probabilities: the largest absolute difference of a picture's classes.
    struct Difference: Encodable {
        let mean: Double?
        let worst: Double
        /// The one with the worst; nil where none differs.
        let picture: String?
    }

    let images: Int
    let figures: Figures
    let classes: [Class]
    /// Of the network alone.
    let imagesPerSecond: Double
    let against: Other?

    func text(byClass: Bool) -> String {
        var table = Table(
            [("", .left), ("accuracy", .right)] + (against == nil ? [] : [("against", .right)]))
        for name in ["top1", "top5"] where figures[name] != nil {
            table.add(row(name, figures[name] ?? nil, against?.figures[name] ?? nil))
        }
        if byClass {
            for entry in classes {
                let name = entry.name ?? "\(entry.index)"
                table.add(row("top1 of \(name)", entry.top1, nil))
            }
        }
        return (["\(images) pictures", table.text] + agreement + [speed]).joined(separator: "\n")
    }

    private func row(_ name: String, _ value: Double?, _ other: Double?) -> [String] {
        ([value] + (against == nil ? [] : [other])).reduce(into: [name]) { cells, value in
            cells.append(value.map { decimal($0, 4) } ?? "-")
        }
    }

    private var agreement: [String] {
        guard let against else { return [] }
        let difference = against.probabilityDifference
        return [
            "the same class is likeliest in both: \(decimal(100 * (against.agreement ?? 0), 2)) %",
            difference.picture.map {
                "probabilities differ by \(scientific(difference.mean)) in the mean, by "
                    + "\(scientific(difference.worst)) at worst: \($0.printable)"
            } ?? "all probabilities are the same",
        ]
    }

    private var speed: String {
        let others = against?.imagesPerSecond.map { ", the other \(decimal($0, 1))" } ?? ""
        return "the network runs \(decimal(imagesPerSecond, 1)) images/s\(others), without reading "
            + "pictures and preparing them"
    }
}

/// The classifications of all pictures so far.
struct ClassificationTally {
    private let pictures: [LabelledPicture]
    private let classes: Int
    private var accuracy = ClassificationAccuracy()
    private var byClass: [Int: ClassificationAccuracy] = [:]
    private var others = ClassificationAccuracy()
    private var agreement = ClassificationAgreement()

    init(_ pictures: [LabelledPicture], classes: Int) {
        (self.pictures, self.classes) = (pictures, classes)
    }

    /// Adds the logits of the next pictures, of the classifier and of the other one.
    mutating func add(_ logits: [Float], _ other: [Float]?) {
        for start in stride(from: 0, to: logits.count, by: classes) {
            let scores = Array(logits[start..<start + classes])
            let truth = pictures[accuracy.images].truth
            accuracy.add(scores: scores, truth: truth)
            byClass[truth, default: .init()].add(scores: scores, truth: truth)
            guard let other else { continue }
            let otherScores = Array(other[start..<start + classes])
            others.add(scores: otherScores, truth: truth)
            agreement.add(scores, otherScores)
        }
    }

    /// - Parameters:
    ///   - seconds: in the network.
    ///   - other: where the other classifier is from, and its seconds; nil without one.
    func report(
        names: [String], seconds: Double, other: (source: String, seconds: Double?)?
    ) -> ClassificationReport {
        let images = Double(accuracy.images)
        return ClassificationReport(
            images: accuracy.images, figures: figures(accuracy),
            classes: byClass.keys.sorted().map { index in
                ClassificationReport.Class(
                    index: index, name: names.indices.contains(index) ? names[index] : nil,
                    images: byClass[index]?.images ?? 0, top1: byClass[index]?.top1)
            },
            imagesPerSecond: images / seconds,
            against: other.map { other in
                ClassificationReport.Other(
                    source: other.source, figures: figures(others),
                    imagesPerSecond: other.seconds.map { images / $0 },
                    agreement: agreement.agreement, probabilityDifference: difference)
            })
    }

    /// Of five classes or fewer the right one is always among five: that number would say nothing.
    private func figures(_ accuracy: ClassificationAccuracy) -> Figures {
        var figures: Figures = ["top1": accuracy.top1]
        if classes > 5 { figures["top5"] = .some(accuracy.top5) }
        return figures
    }

    private var difference: ClassificationReport.Difference {
        ClassificationReport.Difference(
            mean: agreement.meanDifference, worst: agreement.worstDifference,
            picture: agreement.worstImage.map { pictures[$0].file })
    }
}
