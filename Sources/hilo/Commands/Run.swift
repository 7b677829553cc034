import ArgumentParser
import HiLoKit

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs a library on an image or an array.",
        discussion: """
            An array (.npy) is float32 of N x 3 x height x width, already normalised, or uint8 of \
            height x width x 3, which is prepared like an image. A library of feature maps writes \
            stage1.npy and so on into the folder --output; --visualize adds a picture of each. \
            Detectors and segmenters take pictures of any size, also a folder of them, or the \
            normalised and padded array with --content and --original. The folder --output gets \
            detections.json in the form of COCO's results, or labels.npy, and for each picture \
            a PNG with its findings drawn in; without --output they are listed. \
            The library is built first if that has not been done since its sources changed.
            """)

    @OptionGroup var library: LibraryArgument
    @OptionGroup var threads: ThreadsOption
    @OptionGroup var resolution: ResolutionOption
    @OptionGroup var findings: FindingsOptions

    @Option(
        help: ArgumentHelp(
            "A PNG, a JPEG or an array; for detectors and segmenters also a folder of pictures.",
            valueName: "file"))
    var input: String

    @Option(
        help: ArgumentHelp(
            "Gets the outputs of the network; of feature maps, detections and labels it is a "
                + "folder.", valueName: "y.npy"))
    var output: String?

    @Option(help: ArgumentHelp("Names of the classes, one a line.", valueName: "file"))
    var labels: String?

    @Option(
        parsing: .unconditional,
        help: "Classes to print, the most probable first. (default: 5)")
    var top: Int?

    @Flag(
        help: "Also writes a picture of each feature map: its first three principal components.")
    var visualize = false

    @Flag(help: "Leaves a photo as the sensor saw it; else it is turned as the camera was held.")
    var ignoreOrientation = false

    @Flag(help: "Prints one JSON object.")
    var json = false

    func validate() throws {
        if let top, top < 1 {
            throw ValidationError("--top is \(top); at least 1 class is needed")
        }
    }

    func run() async throws {
        let opened = try library.open()
        if let kind = opened.plan.network.findings { return try await find(kind, with: opened) }
        let network = try resolution.network(of: opened)
        try check(network)
        _ = try PackedWeights(of: opened)
        let names = try labels.map { try Labels.read($0, for: network) } ?? []
        let array = try NetworkInput(
            input, of: network, ignoringOrientation: ignoreOrientation)
        try await library.buildIfOutOfDate(opened)
        let result = try await array.run(
            on: opened, output: output, pictures: visualize, threads: threads.threads)
        let report = try RunReport(
            result, input: input, of: network, labels: names, top: top ?? 5)
        if json {
            try Console.print(json: report)
        } else {
            try Console.print(report.text)
        }
    }

    private func check(_ network: Network) throws {
        if let flag = findings.given {
            throw UsageError(
                "\(flag): the library neither detects nor segments; leave it out, or generate one with "
                    + "--task detect, instances or segment")
        }
        if visualize, !network.isBackbone || output == nil {
            throw UsageError(
                "--visualize draws feature maps: it needs a library of --task features, and "
                    + "--output FOLDER")
        }
        guard network.isBackbone else { return }
        if let flag = top != nil ? "--top" : labels != nil ? "--labels" : nil {
            throw UsageError(
                "\(flag): the library returns feature maps, which have no classes; leave it out, or "
                    + "generate one with --task classify")
        }
    }
}
