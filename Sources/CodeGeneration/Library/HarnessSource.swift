import Networks
import Planning
import Templates

/// The program that verifies, times and runs the library.
struct HarnessSource {
    private let plan: Plan
    private let renderer: Renderer

    init(_ plan: Plan, _ renderer: Renderer) {
        self.plan = plan
        self.renderer = renderer
    }

    func files() -> [GeneratedFile] {
        TemplateFiles.harnessNames.map { renderer.file("harness/\($0)", $0, context) }
    }

    private struct Context {
        let model, MODEL: String
        /// Whether the input is an image, so that it can be preprocessed.
        let image: Bool
    }

    private var context: Context {
        let names = LibraryNames(plan)
        return Context(
            model: names.model, MODEL: names.MODEL, image: plan.network.image != nil)
    }
}
