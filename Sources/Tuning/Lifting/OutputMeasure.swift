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

    /// - Parameter network: no detector and no segmenter, but perhaps the `pyramid` of one.
    init(of network: Network) {
        precondition(network.pyramid == nil, "\(network.name): compare its pyramid")
        if let classes = network.classes {
            self = .answers(classes: classes)
            return
        }
        self = .maps(
            network.outputs.map { output in
                let layout =
                    if case .featureMap(_, let layout) = output.kind { layout } else {
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

    /// Bytes of the maps of all images that are compared, in single precision.
    private static let mostBytes = 256 << 20
    /// Images that are enough, and tokens of the smallest map, where these are in more of them.
    private static let enoughImages = 16
    private static let enoughTokens = 4096

    /// How many of so many images are compared.
    func images(of all: Int) -> Int {
        guard case .maps(let shapes) = self else { return all }
        let bytes = 4 * counts.reduce(0, +), fewest = shapes.map(\.tokens).min() ?? 1
        let enough = max(Self.enoughImages, Self.enoughTokens.dividedRoundingUp(by: fewest))
        return min(all, max(1, min(enough, Self.mostBytes / bytes)))
    }

    /// Whether outputs are those of so many images.
    func holds(_ outputs: Outputs, ofImages images: Int) -> Bool {
        outputs.map(\.count) == counts.map { $0 * images }
    }

    /// Whether a comparison with them says something.
    func areFinite(_ outputs: Outputs) -> Bool {
        outputs.allSatisfy { $0.allSatisfy(\.isFinite) }
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
    /// largest. Where a difference is no number, it is larger than any.
    private func error(of found: Outputs, beside expected: Outputs) -> Double {
        let pairs = zip(found, expected)
        let shares =
            switch self {
            case .answers(let classes):
                pairs.map { Difference(logits: $0, from: $1, classes: classes).share }
            case .maps(let shapes):
                zip(pairs, shapes).map { Difference(maps: $0.0, from: $0.1, of: $1).share }
            }
        return shares.allSatisfy(\.isFinite) ? shares.max() ?? 0 : .greatestFiniteMagnitude
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
        let (tokens, channels) = (shape.tokens, shape.channels)
        var sums = [Double](repeating: 0, count: channels), own = sums
        // In the order of memory: planes have their tokens inside, tokens their channels.
        let inner = shape.layout == .planes ? tokens : channels
        for (row, start) in stride(from: 0, to: found.count, by: inner).enumerated() {
            for index in 0..<inner {
                let channel = shape.layout == .planes ? row % channels : index
                let value = Double(expected[start + index])
                let off = Double(found[start + index]) - value
                difference += off * off
                sums[channel] += value
                own[channel] += value * value
            }
        }
        let count = Double(found.count / channels)
        squares = own.reduce(0, +)
        // Of equal values rounding leaves a hair.
        power = zip(own, sums).reduce(0) { power, channel in
            let spread = channel.0 - channel.1 * channel.1 / count
            return power + (spread > 1e-12 * channel.0 ? spread : 0)
        }
    }
}
