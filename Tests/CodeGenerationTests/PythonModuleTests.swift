import CodeGeneration
import Foundation
import Machines
import Networks
import Planning
import Synchronization
import Templates
import Testing

/// What a wheel's Python is rendered from; Tests/Wheels runs it.
@Suite struct PythonModuleTests {
    /// Classifiers, layers, detectors and segmenters, and a backbone.
    private func plans() throws -> [Plan] {
        let backbone = try LITv2(name: "maps", height: 64, width: 96) {
            PatchEmbedding(channels: 12)
            Stage(depth: 1) { ConvFFN() }
            FeatureMaps()
        }
        let target = try Target(isa: .generic, maxBatch: 2)
        return try samplePlans() + headPlans() + [Planner(Network(backbone), target).plan()]
    }

    /// Programs of the generator's own, which are no templates.
    private static let programs: Set = [
        "programs/check_name.py", "programs/pack_tar.py", "programs/pack_wheel.py",
    ]

    @Test func everyTagNamesAPropertyOfItsContext() throws {
        let unknown = Mutex<Set<String>>([]), used = Mutex<Set<String>>(Self.programs)
        for plan in try plans() {
            let module = PythonModule(plan) { template, context in
                used.withLock { _ = $0.insert(template) }
                let tags = TagChecker.unknownTags(
                    template: template, context: context, in: TemplateFiles.python)
                unknown.withLock { $0.formUnion(tags) }
            }
            let texts =
                module.files().map(\.contents)
                + [module.metadata(), module.wheelFields(platform: "any")]
            for text in texts { #expect(!text.contains("<%") && !text.contains("{{")) }
        }
        #expect(unknown.withLock { $0 } == [])
        #expect(used.withLock { $0 } == Set(TemplateFiles.python.keys))
        for program in Self.programs {
            #expect(TemplateFiles.python[program]?.contains("<%") == false)
        }
    }

    /// Its numbers are those of the header.
    @Test func statusAndRecipesAreTheHeaders() throws {
        for plan in try plans() {
            let files = PythonModule(plan).files()
            let native = try #require(files.first { $0.path.hasSuffix("_native.py") }).contents
            let name = plan.network.name
            let header = try #require(
                Generator(plan).files().first { $0.path == "include/\(name).h" }
            ).contents
            let expected = header.matches(of: /([A-Z0-9_]+) = (\d+),/)
                .map { "\($0.1.dropFirst(name.count + 1)) = \($0.2)" }
            let found = native.matches(of: /\n    ([A-Z_]+ = \d+)/).map { String($0.1) }
            #expect(found == expected && found.count >= 9)
        }
    }
}
