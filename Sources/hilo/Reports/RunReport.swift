import ArrayFiles
import HiLoKit

/// What `run` prints: the classes of each image, or figures of an output without classes.
struct RunReport: Encodable {
    /// Of one image.
    enum Output: Encodable {
        case classes(Classification)
        case values(Statistics)

        func encode(to encoder: any Encoder) throws {
            switch self {
            case .classes(let classification): try classification.encode(to: encoder)
            case .values(let statistics): try statistics.encode(to: encoder)
            }
        }
    }

    struct Statistics: Encodable {
        let shape: [Int]
        let mean, max: Double
    }

    /// Images in all.
    let batch: Int
    let results: [Output]
    let threads: Int
    /// Of one call of the library.
    let milliseconds: Double
    let imagesPerSecond: Double

    /// - Parameter input: the file, for messages.
    /// - Throws: `InputError` when an output is not finite.
    init(
        _ result: NetworkInput.Result, input: String, of network: Network, labels: [String],
        top: Int
    ) throws {
        let report = result.report
        batch = report.images
        threads = report.threads
        milliseconds = report.milliseconds
        imagesPerSecond = 1000 * Double(report.batch) / report.milliseconds
        let count = network.outputShape.reduce(1, *)
        let hasClasses = if case .litv2(let model) = network { model.classes > 0 } else { false }
        results = try (0..<report.images).map { image in
            let values = result.outputs.values[image * count..<(image + 1) * count]
            guard values.allSatisfy(\.isFinite) else {
                throw InputError(
                    "\(input), image \(image): the output is not finite; check that the input and "
                        + "the weights are")
            }
            return hasClasses
                ? .classes(Classification(logits: values, top: top, labels: labels))
                : .values(
                    Statistics(
                        shape: network.outputShape,
                        mean: values.reduce(0) { $0 + Double($1) } / Double(count),
                        max: Double(values.max() ?? 0)))
        }
    }

    var text: String {
        let blocks = results.enumerated().map { image, output in
            (results.count > 1 ? "image \(image)\n" : "") + Self.text(output)
        }
        let time =
            "\(decimal(milliseconds, 2)) ms, \(decimal(imagesPerSecond, 1)) images/s, "
            + "\(threads) \(threads == 1 ? "thread" : "threads")"
        return (blocks + [time]).joined(separator: "\n")
    }

    private static func text(_ output: Output) -> String {
        switch output {
        case .values(let values):
            return "shape \(shapeText(values.shape)), mean \(decimal(values.mean, 6)), "
                + "max \(decimal(values.max, 6))"
        case .classes(let classification):
            var table = Table([.left, .left, .right])
            for candidate in classification.top {
                table.add([
                    candidate.label ?? "\(candidate.index)", bar(candidate.probability),
                    "\(decimal(100 * candidate.probability, 1)) %",
                ])
            }
            return table.text
        }
    }
}
