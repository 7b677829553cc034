/// What to compute: a whole LITv2, or one HiLo attention layer on its own.
///
/// A network is a checked value: whatever exists can be lowered, planned and generated.
public enum Network: Sendable, Equatable, Codable {
    case litv2(LITv2)
    case hilo(HiLo)

    /// A C identifier that prefixes every symbol of the generated library.
    public var name: String {
        switch self {
        case .litv2(let network): network.name
        case .hilo(let layer): layer.name
        }
    }

    /// Checks a network that was decoded rather than constructed.
    ///
    /// - Throws: `NetworkError` as its initialiser does.
    public func check() throws {
        switch self {
        case .litv2(let network): try network.check()
        case .hilo(let layer): try layer.check()
        }
    }

    /// The learned tensors in the order of the authors' `state_dict`.
    public var parameters: [Parameter] {
        switch self {
        case .litv2(let network): network.parameters
        case .hilo(let layer): layer.parameters
        }
    }

    /// Number of learned scalars; running statistics are not learned and do not count.
    public var parameterCount: Int {
        parameters.filter { !$0.isStatistic }.reduce(0) { $0 + $1.count }
    }

    /// Pixels of an image, or tokens of a layer's map.
    public var resolution: Resolution {
        switch self {
        case .litv2(let network): network.resolution
        case .hilo(let layer): layer.map
        }
    }

    /// The same network at another resolution.
    ///
    /// - Throws: `NetworkError` when it does not take that.
    public func at(_ resolution: Resolution) throws -> Network {
        switch self {
        case .litv2(let network): .litv2(try network.at(resolution))
        case .hilo(let layer): .hilo(try layer.at(resolution))
        }
    }

    /// The maps that a backbone returns; nil for what has one output.
    public var features: FeatureMaps? {
        if case .litv2(let network) = self { network.features } else { nil }
    }

    /// Floats of one image's input, without the batch dimension: `[3, height, width]` of a LITv2,
    /// `[height · width, dim]` of a layer.
    public var inputShape: [Int] {
        switch self {
        case .litv2(let network): [3, network.resolution.height, network.resolution.width]
        case .hilo(let layer): [layer.map.count, layer.dim]
        }
    }

    /// Floats of one image's outputs, without the batch dimension.
    ///
    /// A classifier has one, `[classes]` (`[8C]` without a head), a layer too, `[height · width,
    /// dim]`; a backbone has one a map, `[C, h, w]`, or `[h, w, C]` with channels last.
    public var outputShapes: [[Int]] {
        switch self {
        case .litv2(let network): network.outputShapes
        case .hilo(let layer): [[layer.map.count, layer.dim]]
        }
    }
}

extension LITv2 {
    fileprivate var outputShapes: [[Int]] {
        guard let features else {
            return [[classes > 0 ? classes : stages[stages.count - 1].channels]]
        }
        return features.stages.map { stage in
            let (map, channels) = (map(ofStage: stage - 1), stages[stage - 1].channels)
            return features.layout == .planes
                ? [channels, map.height, map.width] : [map.height, map.width, channels]
        }
    }
}

/// Height and width of an image (pixels) or of a token map (tokens).
public struct Resolution: Sendable, Hashable, Codable, CustomStringConvertible {
    public let height: Int
    public let width: Int

    public init(height: Int, width: Int) {
        self.height = height
        self.width = width
    }

    /// Tokens or pixels in all.
    public var count: Int { height * width }

    /// The map after a stride; what is left at the border is left out.
    public func divided(by stride: Int) -> Resolution {
        Resolution(height: height / stride, width: width / stride)
    }

    /// The map after a stride; what is left at the border is filled up.
    public func dividedRoundingUp(by stride: Int) -> Resolution {
        Resolution(height: (height + stride - 1) / stride, width: (width + stride - 1) / stride)
    }

    public var description: String { "\(height)x\(width)" }

    /// Reads `224` or `800x1344` (height × width).
    public init(parsing text: String) throws {
        let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        switch sides.count {
        case 1: if let side = sides[0] { self.init(height: side, width: side); return }
        case 2:
            if let height = sides[0], let width = sides[1] {
                self.init(height: height, width: width); return
            }
        default: break
        }
        throw NetworkError(
            "resolution '\(text)': expected a side (224) or height x width (800x1344)")
    }
}

/// Why a description is not a network, and what to change.
public struct NetworkError: Error, Equatable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
