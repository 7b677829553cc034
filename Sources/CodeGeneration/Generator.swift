import Planning

/// Writes the C of a plan. The result depends on plan and templates alone: no date, host or path.
public struct Generator: Sendable {
    private let plan: Plan

    public init(_ plan: Plan) { self.plan = plan }

    /// All files of the library but the weights, sorted by path.
    public func files() -> [GeneratedFile] { files(observer: nil) }

    /// The same, with a look at what each template is filled with, for tests.
    package func files(observer: Renderer.Observer?) -> [GeneratedFile] {
        let renderer = Renderer(observer: observer)
        let names = LibraryNames(plan)
        let variants = VariantFunctions.all(of: plan)
        let sources =
            LibrarySource(plan, names, variants, renderer).files()
            + HarnessSource(plan, names, variants, renderer).files()
        let build = BuildFiles(plan, renderer).files(for: sources)
        return (sources + build + [planFile]).sorted { $0.path < $1.path }
    }

    private var planFile: GeneratedFile {
        GeneratedFile(path: "plan.json", contents: plan.json)
    }
}
