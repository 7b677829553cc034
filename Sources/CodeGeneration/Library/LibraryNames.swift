import Graphs
import Machines
import Networks
import Planning

/// Numbers and names that most templates of library and harness share.
struct LibraryNames: Sendable {
    /// An instruction set of the library.
    struct Variant: Sendable {
        let isa: String
        /// Of the CPU features that it needs a bit each, as `CPUFeatureBits` numbers them.
        let features: UInt32
    }

    /// Places among the variants.
    struct PassedOverVariant: Sendable {
        let place, instead: Int
    }

    /// What HILO_CPU may say.
    struct Cap: Sendable {
        let name: String
        let features: UInt32
        let last: Bool
    }

    let model: String
    let MODEL: String
    /// What the library's threads are called in lists of threads, which have 15 characters for it.
    let threadName: String
    let variants: [Variant]
    let variantCount: Int
    /// The variant that some CPUs pass over, and what they run instead, by their places; nil without.
    let passedOver: PassedOverVariant?
    let caps: [Cap]
    let bits: CPUFeatureBits
    let isaNames: String
    /// Whether the input is an image, so that it can be preprocessed.
    let image: Bool
    /// Whether it can be preprocessed in several ways, as classifiers and backbones have them.
    let recipes: Bool
    /// Whether the library makes results of its outputs: detections, perhaps with masks, or classes
    /// of pixels.
    let results, detects, masks, segments: Bool
    /// Whether inputs may have all sizes of a recipe, and what that is called.
    let flexible: Bool
    let recipeName: String
    /// Some of the sizes, in C.
    let sampleList: String
    /// Whether some tensors are integers, which hold no NaN.
    let integers: Bool
    /// Whether a norm has a single channel, of which it makes the same value for all images.
    let normsOneChannel: Bool
    /// Whether kernels of an instruction set need a unit for tiles.
    let tileUnit: Bool

    init(_ plan: Plan) {
        model = plan.network.name
        MODEL = model.uppercased()
        threadName = String(model.prefix(15))
        let bits = CPUFeatureBits(plan.target)
        self.bits = bits
        variants = plan.target.isas.map { Variant(isa: $0.name, features: bits.mask($0.features)) }
        variantCount = variants.count
        let isas = plan.target.isas
        passedOver = PassedOver(isas, for: plan.target.precision).flatMap { passed in
            isas.firstIndex(of: passed.isa).flatMap { place in
                isas.firstIndex(of: passed.instead).map {
                    PassedOverVariant(place: place, instead: $0)
                }
            }
        }
        let cpus = ISA.known.filter {
            $0.architecture == nil || $0.architecture == bits.architecture
        }
        caps = cpus.enumerated().map { index, isa in
            Cap(name: isa.name, features: bits.mask(isa.features), last: index == cpus.count - 1)
        }
        isaNames = plan.target.isas.map(\.title).joined(separator: "; ")
        image = plan.network.image != nil
        integers = plan.target.precision == .int8
        normsOneChannel = plan.network.graph.normsOneChannel
        tileUnit = plan.target.isas.contains { $0.multipliesTiles }
        let facts = ResultFacts(plan.network)
        results = facts != nil
        recipes = image && !results
        detects = facts?.detectionsOutput != nil
        masks = facts?.masksOutput != nil
        segments = results && !detects
        flexible = plan.network.resolution.isFlexible
        recipeName = plan.network.resolution.inputRule?.rawValue ?? ""
        sampleList = (plan.network.resolution.inputRule?.samples ?? []).map {
            "{ \($0.height), \($0.width) }"
        }.joined(separator: ", ")
    }
}

extension Graph {
    fileprivate var normsOneChannel: Bool {
        nodes.contains { node in
            if case .layerNorm = node.operation {
                tensors[node.output].channels == 1
            } else {
                false
            }
        }
    }
}

/// Numbers the features of CPUs that a library asks for.
struct CPUFeatureBits {
    let architecture: Architecture?
    let features: [CPUFeature]

    init(_ target: Target) {
        architecture = target.architecture
        let needed = target.isas.reduce(into: Set<CPUFeature>()) { $0.formUnion($1.features) }
        features = CPUFeature.allCases.filter { needed.contains($0) }
    }

    /// The bits of those features that the library asks for.
    func mask(_ set: Set<CPUFeature>) -> UInt32 {
        features.indices.filter { set.contains(features[$0]) }.reduce(0) { $0 | 1 << UInt32($1) }
    }
}
