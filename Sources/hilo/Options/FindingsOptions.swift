import ArgumentParser
import HiLoKit

/// The flags of `run` for detectors and segmenters.
struct FindingsOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Of a detector's or a segmenter's array: the size of the picture at its top left. "
                + "(default: the whole input)", valueName: "HxW"))
    var content: String?

    @Option(
        help: ArgumentHelp(
            "The size of the picture before it was resized, in whose pixels results are. "
                + "(default: that of the content)", valueName: "HxW"))
    var original: String?

    @Option(
        help: ArgumentHelp(
            "COCO annotations, whose ids of images and categories results get.", valueName: "file"))
    var annotations: String?

    @Option(help: "The lowest score of what is drawn and listed; files hold all. (default: 0.3)")
    var score: Double?

    func validate() throws {
        if let score, !(0...1).contains(score) {
            throw ValidationError("--score is \(score); 0 to 1 is possible")
        }
    }

    /// A flag that was given; nil when none was.
    var given: String? {
        if content != nil { return "--content" }
        if original != nil { return "--original" }
        if annotations != nil { return "--annotations" }
        return score != nil ? "--score" : nil
    }

    var leastScore: Double { score ?? 0.3 }

    /// - Throws: `NetworkError`, `UsageError`.
    func sizes() throws -> (content: Resolution?, original: Resolution?) {
        (try Self.size("--content", content), try Self.size("--original", original))
    }

    private static func size(_ flag: String, _ text: String?) throws -> Resolution? {
        guard let size = try text.map({ try Resolution(parsing: $0) }) else { return nil }
        let sides = 1...65_535
        guard sides.contains(size.height), sides.contains(size.width) else {
            throw UsageError("\(flag) \(size): sides of 1 to 65535 pixels are possible")
        }
        return size
    }
}
