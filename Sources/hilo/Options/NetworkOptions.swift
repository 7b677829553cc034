import ArgumentParser
import HiLoKit

enum Task: String, CaseIterable, ExpressibleByArgument {
    case classify, features, segment, detect, instances

    /// What stands on the backbone.
    var head: HeadOptions.Task? { HeadOptions.Task(rawValue: rawValue) }
}

extension ConvolutionChoice: ExpressibleByArgument {}
extension Era: ExpressibleByArgument {}

/// The flags that describe a network.
struct NetworkOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A network by name: \(NetworkRegistry.models.map(\.name).joined(separator: ", ")).",
            valueName: "model"))
    var model: String?

    @Option(help: ArgumentHelp("A configuration in the authors' form.", valueName: "file.yaml"))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "Side or height x width of the image in pixels; of the map in tokens for hilo. May "
                + "repeat: one library for all, the first being the default. For detectors coco, "
                + "and for segmenters ade20k, stand for all sizes that the recipe gives to pictures.",
            valueName: "HxW"))
    var resolution: [String] = []

    @Option(
        help: ArgumentHelp(
            "What the network is for: classes, the feature maps of a backbone, the class of each "
                + "pixel (Semantic FPN), boxes (RetinaNet), or boxes with masks (Mask R-CNN). "
                + "(default: what the checkpoint has heads for, else classify)"))
    var task: Task?

    @Option(
        help: ArgumentHelp(
            "Whose results detectors give: 3 is mmdet 3, 2 is mmdet 2.11, with which the published "
                + "figures were made. (default: 3)", valueName: "2|3"))
    var era: Era?

    @Option(
        help: ArgumentHelp(
            "How 3x3 convolutions of detectors and segmenters are computed; Winograd's forms have "
                + "fewer products and larger rounding errors. (default: automatic)"))
    var convolution: ConvolutionChoice?

    @Option(
        help: ArgumentHelp(
            "Stages whose feature maps are returned. (default: all)", valueName: "1,2,3,4"))
    var outputs: String?

    @Flag(help: "Feature maps of height x width x channels, not channels x height x width.")
    var channelsLast = false

    @Option(parsing: .unconditional, help: "Share of Lo-Fi heads, 0 to 1.")
    var alpha: Double?

    @Option(parsing: .unconditional, help: "Side of the windows in tokens, where windows are.")
    var window: Int?

    @Option(parsing: .unconditional, help: "Outputs of the head; 0 returns the features.")
    var classes: Int?

    @Option(parsing: .unconditional, help: "Channels of a token, of a single layer.")
    var dim: Int?

    @Option(parsing: .unconditional, help: "Heads, of a single layer.")
    var heads: Int?

    @Option(
        parsing: .unconditional, help: "Tokens by which windows are shifted, of a window layer.")
    var shift: Int?

    @Option(
        parsing: .unconditional,
        help: "Side of the squares that become one token, of an sra layer.")
    var srRatio: Int?

    @Option(help: "Prefix of the C symbols and file names.")
    var name: String?

    /// The network of the flags.
    ///
    /// - Parameter checkpoint: stands for a network when no other flag does and it carries a
    ///   configuration.
    /// - Returns: nil when nothing names a network.
    /// - Throws: `UsageError`, `NetworkError` for flags; `InputError` for what a file says.
    func network(checkpoint: Checkpoint?) throws -> Network? {
        try checkCombination()
        let described = checkpoint.flatMap { DescribedNetwork($0) }
        let task = task ?? described?.task.flatMap { Task(rawValue: $0.rawValue) } ?? .classify
        try check(flagsFor: task)
        let network = try network(checkpoint, described, for: task)
        let isFlexible = try givenResolution()?.isFlexible == true
        if let network, !isFlexible, task == .detect || task == .instances {
            Console.note(
                "results are those of the recipe for pictures whose padded size is "
                    + "\(network.resolution); padding takes part, so that those of others differ")
        }
        return network
    }

    private func network(
        _ checkpoint: Checkpoint?, _ described: DescribedNetwork?, for task: Task
    ) throws -> Network? {
        let options = try options(checkpoint, for: task)
        if let described { note(what: described) }
        let filled = described?.filling(options) ?? options
        if let model { return try namedModel(model).network(filled) }
        if let config {
            let text = try readText(config)
            return try configured(filled) {
                try LITv2(yaml: text, source: config, overrides: $0, readBase: readText)
            }
        }
        guard let checkpoint else { return nil }
        if checkpoint.configuration != nil {
            return try configured(filled) {
                try LITv2(configurationOf: checkpoint, overrides: $0)
            }
        }
        return try described?.network(options)
    }

    /// Says which flags win over what the checkpoint says, and what it does not say.
    private func note(what described: DescribedNetwork) {
        if let window, let trained = described.window, window != trained {
            Console.note("--window \(window) wins over the checkpoint, which has \(trained)")
        }
        if let alpha, let trained = described.alpha, alpha != trained {
            Console.note("--alpha \(alpha) wins over the checkpoint, which has \(trained)")
        }
        if let classes, let trained = described.classes, classes != trained {
            Console.note("--classes \(classes) wins over the checkpoint, which has \(trained)")
        }
        if window == nil, described.hasWindows, described.window == nil {
            Console.note(
                "the checkpoint does not say the side of its windows; 2 is taken, and --window 4 "
                    + "would be the authors' other")
        }
    }

    /// A flag that changes a network and is given, for messages.
    var firstChange: String? {
        if !resolution.isEmpty { return "--resolution" }
        if name != nil { return "--name" }
        return given.first?.flag
    }

    // MARK: Checks

    /// Flags that say something of the network, and what they say.
    private var given: [(flag: String, option: NamedModel.Option)] {
        let all: [(String, NamedModel.Option, Bool)] = [
            ("--alpha", .alpha, alpha != nil), ("--window", .window, window != nil),
            ("--classes", .classes, classes != nil), ("--dim", .dim, dim != nil),
            ("--heads", .heads, heads != nil), ("--shift", .shift, shift != nil),
            ("--sr-ratio", .ratio, srRatio != nil),
            ("--task features", .features, task == .features),
            ("--task \(task?.rawValue ?? "")", .head, task?.head != nil),
            ("--era", .head, era != nil), ("--convolution", .head, convolution != nil),
            ("--outputs", .features, outputs != nil), ("--channels-last", .features, channelsLast),
        ]
        return all.filter(\.2).map { ($0.0, $0.1) }
    }

    func checkCombination() throws {
        let featureFlag = outputs != nil ? "--outputs" : channelsLast ? "--channels-last" : nil
        if task != .features, let flag = featureFlag {
            throw UsageError("\(flag) is about feature maps; it needs --task features")
        }
        if task == .features, classes != nil {
            throw UsageError("--classes: feature maps have none; leave it out, or --task features")
        }
        guard model == nil || config == nil else {
            throw UsageError("--model and --config both describe a network; give one of them")
        }
        if let model { return try check(flagsOf: namedModel(model)) }
        // What a file describes is a LITv2.
        let known = LITv2.models.reduce(into: Set<NamedModel.Option>()) { $0.formUnion($1.options) }
        if let (flag, option) = given.first(where: { !known.contains($0.option) }) {
            throw UsageError(
                "\(flag) describes a single layer; it needs --model \(layers(with: option))")
        }
    }

    private func check(flagsFor task: Task) throws {
        if era != nil, task != .detect, task != .instances {
            throw UsageError("--era is about detectors; it needs --task detect or instances")
        }
        if convolution != nil, task.head == nil {
            throw UsageError(
                "--convolution is about heads; it needs --task segment, detect or instances")
        }
    }

    private func namedModel(_ name: String) throws -> NamedModel {
        guard let model = NetworkRegistry.models.first(where: { $0.name == name }) else {
            let known = NetworkRegistry.models.map(\.name).joined(separator: ", ")
            throw UsageError("--model \(name): no network has this name; there are \(known)")
        }
        return model
    }

    private func check(flagsOf model: NamedModel) throws {
        if let (flag, option) = given.first(where: { !model.options.contains($0.option) }) {
            throw UsageError(
                "\(flag): \(model.name) has no such thing; leave it out, or choose "
                    + "--model \(layers(with: option))")
        }
        let present = Set(given.map(\.option))
        let missing = model.required.subtracting(present).map { "--\($0.rawValue)" }.sorted()
        guard missing.isEmpty else {
            throw UsageError(
                "--model \(model.name) needs \(missing.joined(separator: " and ")), such as "
                    + "--dim 384 --heads 12")
        }
    }

    private func layers(with option: NamedModel.Option) -> String {
        NetworkRegistry.models.filter { $0.options.contains(option) }.map(\.name)
            .joined(separator: ", ")
    }

    /// The given resolutions; none is the network's own.
    func resolutions() throws -> [Resolution] {
        let all = try resolution.map { try Resolution(parsing: $0) }
        if let twice = all.indices.first(where: { all[..<$0].contains(all[$0]) }) {
            throw UsageError("--resolution \(all[twice]) is given twice")
        }
        return all
    }

    private func givenResolution() throws -> Resolution? { try resolutions().first }

    /// The feature maps that are asked for.
    private func features(_ task: Task) throws -> FeatureMaps? {
        guard task == .features else { return nil }
        let layout: FeatureLayout = channelsLast ? .tokens : .planes
        guard let outputs else { return FeatureMaps(layout: layout) }
        let stages = outputs.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard stages.allSatisfy({ $0 != nil }) else {
            throw UsageError("--outputs \(outputs): expected stages such as 2,3,4")
        }
        return FeatureMaps(stages: stages.compactMap { $0 }, layout: layout)
    }

    // MARK: Networks

    /// - Parameter checkpoint: says which parameters a single layer has.
    private func options(_ checkpoint: Checkpoint?, for task: Task) throws -> ModelOptions {
        var options = ModelOptions(
            name: name, resolution: try givenResolution(), alpha: alpha, window: window,
            classes: classes, features: try features(task))
        options.head = task.head.map { HeadOptions($0, era: era, convolutions: convolution) }
        options.dim = dim
        options.heads = heads
        options.shift = shift
        options.ratio = srRatio
        options.parameters = checkpoint?.possibleNames ?? []
        return options
    }

    /// A network from a file; blames the flags when the file alone describes one.
    private func configured(
        _ options: ModelOptions, _ make: (ModelOptions) throws -> LITv2?
    ) throws -> Network? {
        var options = options
        if options.head != nil {
            options.resolution = options.resolution ?? options.usualResolution
        }
        do {
            return try make(options)?.network(options)
        } catch let error as NetworkError {
            guard (try? make(ModelOptions())) == nil else { throw error }
            throw InputError(error.description)
        }
    }
}
