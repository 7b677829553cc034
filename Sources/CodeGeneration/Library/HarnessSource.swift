import Planning

/// The program that verifies, times and runs the library.
struct HarnessSource {
    private let plan: Plan
    private let renderer: Renderer

    init(_ plan: Plan, _ renderer: Renderer) {
        self.plan = plan
        self.renderer = renderer
    }

    func files() -> [GeneratedFile] { [] }
}
