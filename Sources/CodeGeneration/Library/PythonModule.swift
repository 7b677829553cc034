import Graphs
import Networks
import Planning
import Templates

/// The Python module of a library, which calls its C by ctypes, and what a wheel says of it.
public struct PythonModule: Sendable {
    private let renderer: Renderer
    private let context: Context

    public init(_ plan: Plan) { self.init(plan, observer: nil) }

    /// The same, with a look at what each template is filled with, for tests.
    package init(_ plan: Plan, observer: Renderer.Observer?) {
        renderer = Renderer(.python, observer: observer)
        context = Context(plan)
    }

    /// The module's files, in a folder of the library's name.
    public func files() -> [GeneratedFile] {
        TemplateFiles.python.keys.filter { $0.hasPrefix("module/") }.sorted().map { template in
            let file = template.dropFirst("module/".count)
            return GeneratedFile(
                path: "\(context.model)/\(file)", contents: renderer.render(template, context))
        }
    }

    /// The fields of a wheel's METADATA, and its description.
    public func metadata() -> String { renderer.render("wheel/METADATA", context) }

    /// A wheel's WHEEL.
    ///
    /// - Parameter platform: of a tag, such as `manylinux_2_34_x86_64`.
    public func wheelFields(platform: String) -> String {
        renderer.render(
            "wheel/WHEEL", WheelContext(version: context.version, platform: platform))
    }

    private struct WheelContext { let version, platform: String }
}

extension PythonModule {
    /// What a template is filled with.
    private struct Context {
        let model, summary, version: String
        let inputShape, outputShape, outputText: String
        /// The type that a call returns.
        let answer: String
        let height, width, maxBatch, outputCount, classes, mostDetections: Int
        /// Whether the network has one output.
        let single: Bool
        let image, recipes, results, classifies, detects, masks, segments, flexible: Bool
        let tileUnit: Bool
        /// Whether classes have names, and whether results are tuples with names.
        let hasClasses, hasTuples: Bool
        let recipeName: String
        /// Of the library's enumeration of recipes.
        let recipeNumber: Int

        init(_ plan: Plan) {
            let network = plan.network, names = LibraryNames(plan), facts = ResultFacts(network)
            func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: " x ") }
            (model, summary, version) = (names.model, network.summary, GeneratorVersion.number)
            inputShape = text(network.inputShape)
            outputShape = network.outputShapes.map(text).joined(separator: ", ")
            outputText = network.outputText
            single = network.outputs.count == 1
            answer = single ? "NDArray[np.float32]" : "tuple[NDArray[np.float32], ...]"
            (height, width) = (network.resolution.height, network.resolution.width)
            (maxBatch, outputCount) = (plan.target.maxBatch, network.outputs.count)
            classes = facts?.classes ?? network.classes ?? 0
            mostDetections = facts?.mostDetections ?? 0
            (image, recipes, results) = (names.image, names.recipes, names.results)
            classifies = names.recipes && network.classes != nil
            (detects, masks, segments) = (names.detects, names.masks, names.segments)
            flexible = names.flexible
            tileUnit = names.tileUnit
            hasClasses = classes > 0
            hasTuples = classifies || detects
            recipeName = names.recipeName
            recipeNumber = network.image?.inC.number ?? 0
        }
    }
}

extension Network {
    /// What its outputs are, in words.
    var outputText: String {
        if classes != nil { return "logits" }
        if isBackbone { return "feature maps" }
        return outputs.count == 1 ? "features" : outputs.map(\.name).joined(separator: ", ")
    }
}
