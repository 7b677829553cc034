import Graphs

/// What is built on a LITv2 for segmentation or detection, and how; nil leaves what is usual.
public struct HeadOptions: Sendable, Equatable {
    public enum Task: String, Sendable, CaseIterable {
        /// The class of each pixel: Semantic FPN.
        case segment
        /// Boxes: RetinaNet.
        case detect
        /// Boxes and masks: Mask R-CNN.
        case instances
    }

    public var task: Task
    public var era: Era?
    public var convolutions: ConvolutionChoice?
    /// Of the pyramid.
    public var channels: Int?
    /// Of the segmentation head, or of the fully connected layers.
    public var width: Int?
    /// Convolutions of a tower, or of the masks' head.
    public var depth: Int?
    /// Of pictures, before they are padded.
    public var scale: PictureScale?
    /// What classes are called.
    public var labels: [String] = []

    public init(_ task: Task, era: Era? = nil, convolutions: ConvolutionChoice? = nil) {
        self.task = task
        self.era = era
        self.convolutions = convolutions
    }
}

extension HeadOptions.Task {
    /// The classes of ADE20K and of COCO.
    var usualClasses: Int { self == .segment ? 150 : 80 }

    /// What it adds to a network's name.
    var suffix: String {
        switch self {
        case .segment: SemanticFPN.suffix
        case .detect: RetinaNet.suffix
        case .instances: MaskRCNN.suffix
        }
    }
}

extension ModelOptions {
    /// Where nobody says one.
    public var usualResolution: Resolution {
        guard let head else { return Resolution(height: 224, width: 224) }
        return (head.scale ?? head.task.usualScale).resolution(for: head.task)
    }
}

extension LITv2 {
    /// The network itself, or the one of `options.head` on its stages.
    ///
    /// - Throws: `NetworkError` when the numbers do not make a network.
    public func network(_ options: ModelOptions) throws -> Network {
        guard let head = options.head else { return Network(self) }
        let backbone = try LITv2(
            name: options.name ?? "\(name)_\(head.task.suffix)", resolution: resolution,
            stages: stages, features: FeatureMaps())
        return try backbone.network(
            head, classes: options.classes ?? head.task.usualClasses,
            normalisesFirst: options.normalisesFirst)
    }

    private func network(
        _ head: HeadOptions, classes: Int, normalisesFirst: Bool?
    ) throws -> Network {
        let (channels, convolutions) = (head.channels ?? 256, head.convolutions ?? .automatic)
        let (era, depth) = (head.era ?? .three, head.depth ?? 4)
        switch head.task {
        case .segment:
            return Network(
                try SemanticFPN(
                    self, classes: classes, labels: head.labels, channels: channels,
                    width: head.width ?? 128, convolutions: convolutions,
                    scale: head.scale, normalisesFirst: normalisesFirst ?? true))
        case .detect:
            return Network(
                try RetinaNet(
                    self, classes: classes, labels: head.labels, era: era, channels: channels,
                    depth: depth, convolutions: convolutions, scale: head.scale))
        case .instances:
            return Network(
                try MaskRCNN(
                    self, classes: classes, labels: head.labels, era: era, channels: channels,
                    width: head.width ?? 1024, depth: depth, convolutions: convolutions,
                    scale: head.scale, normalisesFirst: normalisesFirst ?? false))
        }
    }
}
