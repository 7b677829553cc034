import Machines
import Networks
import Planning
import Templates

/// The Swift package of a library: its C as a target that needs no flags, and a module that calls it.
public struct SwiftModule: Sendable {
    private let renderer: Renderer
    private let plan: Plan
    private let name: String

    public init(_ plan: Plan) { self.init(plan, observer: nil) }

    /// The same, with a look at what each template is filled with, for tests.
    package init(_ plan: Plan, observer: Renderer.Observer?) {
        renderer = Renderer(.swift, observer: observer)
        self.plan = plan
        name = plan.network.name
    }

    /// What the package's folder is called, which is its identity for packages that depend on it.
    public var folder: String { "\(name)-swift" }

    /// Where the module's resources lie in the package.
    public var resourceFolder: String { "Sources/\(name)/Resources" }

    /// All files of the package but the C and the resources.
    ///
    /// - Parameter resources: names of the files in `resourceFolder`.
    public func files(resources: [String]) -> [GeneratedFile] {
        let context = Context(plan, folder: folder, resources: resources)
        let places = [
            ("Package.swift", "package/Package.swift"), ("README.md", "package/README.md"),
            ("\(target)/include/module.modulemap", "package/module.modulemap"),
        ]
        let modules = TemplateFiles.swift.keys.filter { $0.hasPrefix("module/") }.sorted()
            .filter { context.image || $0 != Self.pictures }
            .map { ("Sources/\(name)/\($0.dropFirst("module/".count))", $0) }
        return (places + modules).map { path, template in
            GeneratedFile(path: path, contents: renderer.render(template, context))
        }
    }

    private static let pictures = "module/Pictures.swift"
    private var target: String { "Sources/C\(name)" }
}

// MARK: - C

extension SwiftModule {
    /// The C of the package, made of a library's: who compiles it gives no flags, so each file says itself
    /// which instructions it may use.
    ///
    /// - Parameter files: all of the library's.
    public func sources(of files: [GeneratedFile]) -> [GeneratedFile] {
        let taken = files.filter {
            Self.isC($0.path) && Team.threads.includes(file: $0.path)
        }
        let headers = systemHeaders(of: taken)
        let isas = plan.target.isas.filter { !$0.compileFlags.isEmpty }
        return taken.map { file in
            GeneratedFile(
                path: "\(target)/\(file.path)",
                contents: opening(of: file.path) + file.contents + closing(of: file.path))
        }
            + isas.map { isa in
                GeneratedFile(
                    path: "\(target)/src/\(Self.beginning(isa))",
                    contents: renderer.render(
                        "source/begin.h", BeginningContext(isa, headers: headers)))
            }
    }

    /// Whether a file of a library belongs to the package. The C++ header does not: Swift would take it
    /// for C.
    public static func isC(_ path: String) -> Bool {
        (path.hasPrefix("src/") || path.hasPrefix("include/"))
            && (path.hasSuffix(".c") || path.hasSuffix(".h"))
    }

    private static func beginning(_ isa: ISA) -> String { "begin_\(isa.name).h" }

    private func instructions(ofFile path: String) -> ISA? {
        CompileFlags.isa(ofFile: path).flatMap { $0.compileFlags.isEmpty ? nil : $0 }
    }

    private func opening(of path: String) -> String {
        guard path.hasSuffix(".c") else { return "" }
        guard let isa = instructions(ofFile: path) else { return "#pragma STDC FP_CONTRACT OFF\n" }
        return "#include \"\(Self.beginning(isa))\"\n"
    }

    private func closing(of path: String) -> String {
        instructions(ofFile: path) == nil ? "" : "\n#pragma clang attribute pop\n"
    }

    /// Those that kernels include, directly or not.
    private func systemHeaders(of files: [GeneratedFile]) -> [String] {
        let read = files.filter {
            $0.path.hasPrefix(CompileFlags.kernelFolder) || $0.path.hasSuffix(".h")
        }
        let names = read.flatMap {
            $0.contents.matches(of: /#include <([^>]+)>/).map { String($0.1) }
        }
        return Set(names).sorted()
    }

    private struct BeginningContext {
        let isa, instructions: String
        let headers, macros: [String]

        init(_ isa: ISA, headers: [String]) {
            self.isa = isa.name
            self.headers = headers
            // As the compiler's: -mavx2 is the instructions avx2.
            instructions = isa.compileFlags.map { String($0.dropFirst("-m".count)) }
                .joined(separator: ",")
            macros = CPUFeature.allCases.filter { isa.features.contains($0) }.map(\.macro)
        }
    }
}

// MARK: - Contexts

extension SwiftModule {
    /// What a template is filled with.
    private struct Context {
        let model, summary, version, folder, isaNames: String
        let resources: [String]
        let inputShape, inputList, outputShape, outputText, outputNames: String
        let maxBatch, resolutionCount, classes, mostDetections: Int
        /// Whether the network has one output.
        let single: Bool
        let image, recipes, results, classifies, maps, detects, masks, segments, flexible,
            tileUnit: Bool
        /// Whether classes have names, and whether a picture chooses among resolutions.
        let hasClasses, chooses: Bool
        let recipeName: String
        /// Of the library's enumeration of recipes.
        let recipeNumber: Int

        init(_ plan: Plan, folder: String, resources: [String]) {
            let network = plan.network, names = LibraryNames(plan), facts = ResultFacts(network)
            func text(_ shape: [Int], by separator: String = " x ") -> String {
                shape.map(String.init).joined(separator: separator)
            }
            (model, summary, version) = (names.model, network.summary, GeneratorVersion.number)
            (self.folder, self.resources, isaNames) = (folder, resources, names.isaNames)
            inputShape = text(network.inputShape)
            inputList = text(network.inputShape, by: ", ")
            outputShape = network.outputShapes.map { text($0) }.joined(separator: ", ")
            outputText = network.outputText
            outputNames = network.outputs.map(\.name).joined(separator: ", ")
            (maxBatch, resolutionCount) = (plan.target.maxBatch, plan.resolutions.count)
            classes = facts?.classes ?? network.classes ?? 0
            mostDetections = facts?.mostDetections ?? 0
            single = network.outputs.count == 1
            (image, recipes, results) = (names.image, names.recipes, names.results)
            classifies = names.recipes && network.classes != nil
            maps = names.recipes && network.classes == nil
            (detects, masks, segments) = (names.detects, names.masks, names.segments)
            tileUnit = names.tileUnit
            flexible = names.flexible
            hasClasses = classes > 0
            chooses = names.results && !names.flexible
            recipeName = names.recipeName
            recipeNumber = network.image?.inC.number ?? 0
        }
    }
}
