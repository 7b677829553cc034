import ArgumentParser
import HiLoKit

/// A network that is known by name.
enum NamedNetwork: String, CaseIterable, ExpressibleByArgument {
    case small = "litv2-s"
    case medium = "litv2-m"
    case base = "litv2-b"
    case layer = "hilo"

    var preset: Preset? { Preset(rawValue: rawValue) }
}

enum Task: String, CaseIterable, ExpressibleByArgument {
    case classify, features
}

/// The flags that describe a network.
struct NetworkOptions: ParsableArguments {
    @Option(help: "A network by name; hilo is one attention layer.")
    var model: NamedNetwork?

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

    @Option(parsing: .unconditional, help: "Channels of a token; only for --model hilo.")
    var dim: Int?

    @Option(parsing: .unconditional, help: "Heads; only for --model hilo.")
    var heads: Int?

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
        if model == .layer { return .hilo(try layer()) }
        if let preset = model?.preset { return .litv2(try network(of: preset)) }
        if let config {
            let text = try readText(config)
            return .litv2(try configured { try LITv2(yaml: text, source: config, overrides: $0) })
        }
        guard let checkpoint, checkpoint.configuration != nil else { return nil }
        return .litv2(
            try configured { overrides in
                guard
                    let network = try LITv2(configurationOf: checkpoint, overrides: overrides)
                else { throw InputError("\(checkpoint.path): carries no configuration") }
                return network
            })
    }

    /// A flag that changes a network and is given, for messages.
    var firstChange: String? {
        let given: [(String, Bool)] = [
            ("--resolution", !resolution.isEmpty), ("--alpha", alpha != nil),
            ("--window", window != nil), ("--classes", classes != nil), ("--dim", dim != nil),
            ("--heads", heads != nil), ("--name", name != nil),
            ("--task features", task == .features), ("--outputs", outputs != nil),
            ("--channels-last", channelsLast),
        ]
        return given.first(where: \.1)?.0
    }

    // MARK: Checks

    func checkCombination() throws {
        let featureFlag = outputs != nil ? "--outputs" : channelsLast ? "--channels-last" : nil
        if task == .classify, let flag = featureFlag {
            throw UsageError("\(flag) is about feature maps; it needs --task features")
        }
        if task == .features, classes != nil {
            throw UsageError("--classes: feature maps have none; leave it out, or --task features")
        }
        if task == .features, model == .layer {
            throw UsageError("--task features: a single layer has no stages")
        }
        guard model == nil || config == nil else {
            throw UsageError("--model and --config both describe a network; give one of them")
        }
        if model == .layer, classes != nil {
            throw UsageError("--classes: a single layer has no head; leave it out")
        }
        if model != .layer, let flag = dim != nil ? "--dim" : heads != nil ? "--heads" : nil {
            throw UsageError("\(flag) describes a single layer; it needs --model hilo")
        }
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

    private func layer() throws -> HiLo {
        guard let dim, let heads else {
            throw UsageError("--model hilo needs --dim and --heads, such as --dim 384 --heads 12")
        }
        let map = try givenResolution() ?? Resolution(height: 14, width: 14)
        return try HiLo(
            name: name ?? "hilo", dim: dim, heads: heads, window: window ?? 2, alpha: alpha ?? 0.9,
            height: map.height, width: map.width)
    }

    private func network(of preset: Preset) throws -> LITv2 {
        try preset.network(
            name: name, resolution: try givenResolution() ?? Resolution(height: 224, width: 224),
            alpha: alpha ?? 0.9, window: window ?? 2, classes: classes ?? 1000,
            features: try features())
    }

    /// A network from a file; blames the flags when the file alone describes one.
    private func configured(_ make: (ConfigurationOverrides) throws -> LITv2) throws -> LITv2 {
        let overrides = ConfigurationOverrides(
            name: name, resolution: try givenResolution(), alpha: alpha, window: window,
            classes: classes, features: try features())
        do {
            return try make(overrides)
        } catch let error as NetworkError {
            guard (try? make(ConfigurationOverrides())) == nil else { throw error }
            throw InputError(error.description)
        }
    }
}
