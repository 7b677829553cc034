import Checkpoints
import Networks

/// What a checkpoint in the form of mmdetection and mmsegmentation says of its network: sizes by its
/// tensors' shapes, the rest by the configuration that it carries as a Python text.
public struct DescribedNetwork: Sendable {
    /// What it is for; nil of a backbone without heads.
    public let task: HeadOptions.Task?
    /// Side of the windows, where there are some and the checkpoint says it.
    public let window: Int?
    public let alpha: Double?
    public let classes: Int?
    /// Whether stages have windows.
    public let hasWindows: Bool

    /// Channels of the pyramid, of the head, and convolutions of a tower.
    private let channels, width, depth: Int?
    private let labels: [String]
    private let scale: PictureScale?
    /// Of the backbone.
    private let shapes: [String: [Int]]
    private let settings: BackboneSettings

    private static let backbone = "backbone."

    /// - Returns: nil when the checkpoint has no tensors of a LITv2 under `backbone.`.
    public init?(_ checkpoint: Checkpoint) {
        let landmark = Self.backbone + "patch_embed.proj.weight"
        guard let shapes = checkpoint.shapes(behindPrefixOf: landmark) else { return nil }
        self.init(shapes: shapes, training: checkpoint.training)
    }

    /// - Parameters:
    ///   - all: of tensors, those of the backbone and those of the heads.
    ///   - training: how it was trained, as OpenMMLab's tools write it down.
    init(shapes all: [String: [Int]], training: ConfigurationValue?) {
        shapes = all.reduce(into: [:]) { shapes, tensor in
            guard tensor.key.hasPrefix(Self.backbone) else { return }
            shapes[String(tensor.key.dropFirst(Self.backbone.count))] = tensor.value
        }
        let configuration = Self.settings(training)
        settings = BackboneSettings(configuration?["model"]?["backbone"], training)
        let heads = HeadShapes(all)
        (task, classes) = (heads.task, heads.classes)
        (channels, width, depth) = (heads.channels, heads.width, heads.depth)
        hasWindows = shapes.keys.contains { $0.hasSuffix("attn.h_proj.weight") }
        window = settings.windows?.last { $0 > 1 }
        alpha = settings.alpha
        scale = configuration.flatMap { PictureScale(settings: $0) }
        let labels = Self.labels(training)
        self.labels = labels.count == heads.classes ? labels : []
    }

    /// What was not said, as the checkpoint has it: for a network that something else describes.
    ///
    /// Not for `network(_:)`: what options say of windows holds for all stages that have some, while
    /// the checkpoint may have another one in each.
    public func filling(_ options: ModelOptions) -> ModelOptions {
        var options = fillingHead(options)
        options.window = options.window ?? window
        options.alpha = options.alpha ?? alpha
        return options
    }

    /// What was not said of the heads, where they are for the same.
    private func fillingHead(_ options: ModelOptions) -> ModelOptions {
        guard var head = options.head, head.task == task else { return options }
        var options = options
        options.classes = options.classes ?? classes
        head.channels = head.channels ?? channels
        head.width = head.width ?? width
        head.depth = head.depth ?? depth
        head.scale = head.scale ?? scale
        if head.labels.isEmpty, options.classes == classes { head.labels = labels }
        options.head = head
        return options
    }

    /// The network that its shapes tell.
    ///
    /// - Throws: `NetworkError` when no LITv2 has such shapes.
    public func network(_ options: ModelOptions) throws -> Network {
        let options = fillingHead(options)
        let name = options.head == nil ? options.name ?? "litv2" : "litv2"
        return try LITv2(shapes: shapes, settings, name: name, options: options).network(options)
    }

    /// The configuration, which mmdetection 3 keeps as `cfg`.
    private static func settings(_ training: ConfigurationValue?) -> ConfigurationValue? {
        (training?["config"] ?? training?["cfg"])?.settings
    }

    private static func labels(_ training: ConfigurationValue?) -> [String] {
        let dataset = training?["dataset_meta"]
        let found = training?["CLASSES"] ?? dataset?["classes"] ?? dataset?["CLASSES"]
        let labels = found?.list?.compactMap(\.string) ?? []
        return labels.allSatisfy { $0.utf8.count <= 200 } ? labels : []
    }
}

/// Sizes of the heads.
private struct HeadShapes {
    private(set) var task: HeadOptions.Task?
    private(set) var classes, channels, width, depth: Int?

    init(_ shapes: [String: [Int]]) {
        func first(_ name: String) -> Int? { shapes[name]?.first }
        func count(_ name: String) -> Int {
            (0..<1000).prefix { shapes["\(name).\($0).conv.weight"] != nil }.count
        }
        channels = first("neck.fpn_convs.0.conv.weight")
        if shapes.keys.contains(where: { $0.hasPrefix("decode_head.") }) {
            task = .segment
            classes = first("decode_head.conv_seg.bias")
            width = first("decode_head.scale_heads.0.0.conv.weight")
        } else if shapes.keys.contains(where: { $0.hasPrefix("roi_head.") }) {
            task = .instances
            classes = first("roi_head.bbox_head.fc_cls.bias").map { $0 - 1 }
            width = first("roi_head.bbox_head.shared_fcs.0.bias")
            depth = count("roi_head.mask_head.convs")
        } else if let logits = first("bbox_head.retina_cls.bias") {
            task = .detect
            classes = logits / RetinaNet.anchors
            depth = count("bbox_head.cls_convs")
        }
    }
}

extension BackboneSettings {
    /// - Parameters:
    ///   - backbone: of a configuration.
    ///   - training: whose name of the experiment may tell the window, `…_ws_4.py`.
    fileprivate init(_ backbone: ConfigurationValue?, _ training: ConfigurationValue?) {
        self.init(
            heads: backbone?["num_heads"]?.integers, windows: backbone?["local_ws"]?.integers,
            alpha: backbone?["alpha"]?.double, qkScale: backbone?["qk_scale"]?.double)
        guard windows == nil, let name = training?["exp_name"]?.string,
            let mark = name.range(of: "_ws_"),
            let window = Int(name[mark.upperBound...].prefix { $0.isNumber })
        else { return }
        windows = [0, 0, window, 1]
    }
}

extension ConfigurationValue {
    /// The integers of a list; nil when it holds anything else.
    fileprivate var integers: [Int]? {
        guard let list else { return nil }
        let integers = list.compactMap(\.integer)
        return integers.count == list.count ? integers : nil
    }
}
