import ArgumentParser
import HiLoKit

enum Task: String, CaseIterable, ExpressibleByArgument {
    case classify, features
}

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
                + "repeat: one library for all, the first being the default.",
            valueName: "HxW"))
    var resolution: [String] = []

    @Option(help: "What the network is for: classes, or the feature maps of a backbone.")
    var task: Task = .classify

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
        if let model { return try namedModel(model).network(options(checkpoint)) }
        if let config {
            let text = try readText(config)
            return try configured(checkpoint) {
                try LITv2(yaml: text, source: config, overrides: $0)
            }
        }
        guard let checkpoint, checkpoint.configuration != nil else { return nil }
        return try configured(checkpoint) { try LITv2(configurationOf: checkpoint, overrides: $0) }
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
            ("--outputs", .features, outputs != nil), ("--channels-last", .features, channelsLast),
        ]
        return all.filter(\.2).map { ($0.0, $0.1) }
    }

    func checkCombination() throws {
        let featureFlag = outputs != nil ? "--outputs" : channelsLast ? "--channels-last" : nil
        if task == .classify, let flag = featureFlag {
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
    private func features() throws -> FeatureMaps? {
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
    private func options(_ checkpoint: Checkpoint? = nil) throws -> ModelOptions {
        var options = ModelOptions(
            name: name, resolution: try givenResolution(), alpha: alpha, window: window,
            classes: classes, features: try features())
        options.dim = dim
        options.heads = heads
        options.shift = shift
        options.ratio = srRatio
        options.parameters = checkpoint?.possibleNames ?? []
        return options
    }

    /// A network from a file; blames the flags when the file alone describes one.
    private func configured(
        _ checkpoint: Checkpoint?, _ make: (ModelOptions) throws -> LITv2?
    ) throws -> Network? {
        let overrides = try options(checkpoint)
        do {
            return try make(overrides).map { Network($0) }
        } catch let error as NetworkError {
            guard (try? make(ModelOptions())) == nil else { throw error }
            throw InputError(error.description)
        }
    }
}
