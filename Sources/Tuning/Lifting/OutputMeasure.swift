import Evaluation
import HiLoKit

/// What images become, an array for each of a network's outputs, image by image.
typealias Outputs = [[Float]]

/// How outputs are compared with those in single precision.
enum OutputMeasure: Sendable, Equatable {
    /// A classifier's logits, of so many classes.
    case answers(classes: Int)
    /// Maps of features, or values of tokens.
    case maps([Shape])

    /// Of one image's map.
    struct Shape: Sendable, Equatable {
        let tokens, channels: Int
        let layout: FeatureLayout

        var count: Int { tokens * channels }
    }

    /// - Parameter network: one whose outputs are no results of comparisons.
    init(of network: Network) {
        if let classes = network.classes {
            self = .answers(classes: classes)
            return
        }
        self = .maps(
            network.outputs.map { output in
                let layout =
                    if case .featureMap(_, .planes) = output.kind {
                        FeatureLayout.planes
                    } else {
                        FeatureLayout.tokens
                    }
                let shape = output.shape
                let channels = layout == .planes ? shape[0] : shape[shape.count - 1]
                return Shape(
                    tokens: output.count / channels, channels: channels, layout: layout)
            })
    }

    /// Values of one image, of each output.
    private var counts: [Int] {
        switch self {
        case .answers(let classes): [classes]
        case .maps(let shapes): shapes.map(\.count)
        }
    }

    /// Bytes of the maps that are kept for comparisons; all tokens of some images say enough.
    private static let mostBytes = 256 << 20
    private static let mostMaps = 16

    /// How many of so many images are compared.
    func images(of all: Int) -> Int {
        guard case .maps = self else { return all }
        let bytes = 4 * counts.reduce(0, +)
        return min(all, max(1, min(Self.mostMaps, Self.mostBytes / bytes)))
    }

    /// Whether outputs are those of so many images.
    func holds(_ outputs: Outputs, ofImages images: Int) -> Bool {
        outputs.map(\.count) == counts.map { $0 * images }
    }

    /// Those of some images.
    func outputs(_ outputs: Outputs, ofImages images: [Int]) -> Outputs {
        zip(outputs, counts).map { values, count in
            images.flatMap { values[$0 * count..<($0 + 1) * count] }
        }
    }

    /// What `--max-drop` bounds.
    func cost(of found: Outputs, beside expected: Outputs) -> Calibration.Cost {
        switch self {
        case .answers(let classes):
            var agreement = ClassificationAgreement()
            for start in stride(from: 0, to: found[0].count, by: classes) {
                let image = start..<start + classes
                agreement.add(Array(found[0][image]), Array(expected[0][image]))
            }
            return .answers(agreement.images - agreement.sameBest)
        case .maps: return .maps(error: error(of: found, beside: expected))
        }
    }

    /// How far outputs have moved: the root mean square of the differences, as a share of that of what is expected.
    func movement(of found: Outputs, beside expected: Outputs) -> Double {
        error(of: found, beside: expected).squareRoot()
    }

    /// The share that the squares of the differences are of those of the expected values; of several maps the
    /// largest.
    private func error(of found: Outputs, beside expected: Outputs) -> Double {
        let pairs = zip(found, expected)
        switch self {
        case .answers(let classes):
            return pairs.map { Difference(logits: $0, from: $1, classes: classes).share }[0]
        case .maps(let shapes):
            return zip(pairs, shapes).map { Difference(maps: $0.0, from: $0.1, of: $1).share }
                .max() ?? 0
        }
    }
}

/// Sums of squares.
private struct Difference {
    /// Of the differences; of the expected values, less a mean; of them as they are.
    private var difference = 0.0, power = 0.0, squares = 0.0

    /// Where all expected values are alike, they are what a difference is compared with.
    var share: Double {
        if difference == 0 { return 0 }
        let whole = power > 0 ? power : squares
        return whole > 0 ? difference / whole : 1
    }

    /// Each image's mean is taken off: what all classes have in common changes no answer.
    init(logits found: [Float], from expected: [Float], classes: Int) {
        for start in stride(from: 0, to: found.count, by: classes) {
            let image = start..<start + classes
            let (one, other) = (Self.centred(found[image]), Self.centred(expected[image]))
            difference += zip(one, other).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            power += other.reduce(0) { $0 + $1 * $1 }
        }
    }

    private static func centred(_ logits: ArraySlice<Float>) -> [Double] {
        let mean = logits.reduce(0) { $0 + Double($1) } / Double(logits.count)
        return logits.map { Double($0) - mean }
    }

    /// Each channel's mean over the tokens of all images is taken off what is expected: a channel that is the same
    /// everywhere says nothing, however large it is, but an error of it is one.
    init(maps found: [Float], from expected: [Float], of shape: OutputMeasure.Shape) {
        let (tokenStep, channelStep) =
            shape.layout == .planes ? (1, shape.tokens) : (shape.channels, 1)
        for channel in 0..<shape.channels {
            var (sum, own) = (0.0, 0.0)
            for image in stride(from: 0, to: found.count, by: shape.count) {
                for token in 0..<shape.tokens {
                    let at = image + token * tokenStep + channel * channelStep
                    let (value, off) = (Double(expected[at]), Double(found[at] - expected[at]))
                    difference += off * off
                    sum += value
                    own += value * value
                }
            }
            squares += own
            // Of equal values rounding leaves a hair.
            let spread = own - sum * sum / Double(found.count / shape.channels)
            power += spread > 1e-12 * own ? spread : 0
        }
    }
}
