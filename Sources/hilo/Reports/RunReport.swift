import ArrayFiles
import HiLoKit

/// What `run` prints: the classes of each image, or figures of an output without classes.
struct RunReport: Encodable {
    /// Of one image.
    enum Output: Encodable {
        case classes(Classification)
        case values(Statistics)
        case maps([Statistics])

        func encode(to encoder: any Encoder) throws {
            switch self {
            case .classes(let classification): try classification.encode(to: encoder)
            case .values(let statistics): try statistics.encode(to: encoder)
            case .maps(let maps): try maps.encode(to: encoder)
            }
        }
    }

    struct Statistics: Encodable {
        /// Of a feature map, from 1.
        let stage: Int?
        let shape: [Int]
        let mean, max: Double

        init(_ values: ArraySlice<Float>, shape: [Int], stage: Int?) {
            self.stage = stage
            self.shape = shape
            mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
            max = Double(values.max() ?? 0)
        }
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
        results = try (0..<report.images).map { image in
            let outputs = zip(result.arrays, network.outputShapes).map { array, shape in
                let count = shape.reduce(1, *)
                return array.values[image * count..<(image + 1) * count]
            }
            guard outputs.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
                throw InputError(
                    "\(input), image \(image): the output is not finite; check that the input and "
                        + "the weights are")
            }
            return Output(outputs, of: network, labels: labels, top: top)
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

    private static func text(_ values: Statistics) -> String {
        (values.stage.map { "stage \($0): " } ?? "")
            + "shape \(shapeText(values.shape)), mean \(decimal(values.mean, 6)), "
            + "max \(decimal(values.max, 6))"
    }

    private static func text(_ output: Output) -> String {
        switch output {
        case .values(let values): return text(values)
        case .maps(let maps): return maps.map(text).joined(separator: "\n")
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

extension RunReport.Output {
    /// - Parameter outputs: the network's, of one image.
    fileprivate init(
        _ outputs: [ArraySlice<Float>], of network: Network, labels: [String], top: Int
    ) {
        if network.classes != nil {
            self = .classes(Classification(logits: outputs[0], top: top, labels: labels))
        } else if network.isBackbone {
            self = .maps(
                outputs.indices.map { index in
                    .init(
                        outputs[index], shape: network.outputs[index].shape,
                        stage: network.outputs[index].stage)
                })
        } else {
            self = .values(.init(outputs[0], shape: network.outputShapes[0], stage: nil))
        }
    }
}
