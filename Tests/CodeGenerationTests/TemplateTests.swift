import CodeGeneration
import Foundation
import Graphs
import Kernels
import Machines
import Networks
import Planning
import Synchronization
import Templates
import TestFixtures
import Testing

/// Networks that between them use every template and every partial of a classifier.
func samplePlans() throws -> [Plan] { try keptSamplePlans.get() }

private let keptSamplePlans = Result { try plannedSamples() }

private func plannedSamples() throws -> [Plan] {
    let small = try smallNetwork()
    let layer = Network(
        try HiLo(dim: 48, heads: 4, window: 2, alpha: 0.5, height: 6, width: 4))
    let targets = ISA.all.map { [$0] } + [[.generic, .avx2, .avx512]]
    return try [small, layer].flatMap { network in
        try targets.map { try Planner(network, Target(isas: $0, maxBatch: 3)).plan() }
    }
}

private func smallNetwork() throws -> Network {
    Network(
        try Sample.twoStages(
            name: "small", height: 64, width: 96, depth: 2, Classifier(classes: 10)))
}

/// The same with the kernels that a classifier has no use for.
private func completePlans() throws -> [Plan] {
    let map = Resolution(height: 3, width: 5)
    let further = [
        Computation(
            FeatureOutput.self,
            .init(map: map, channels: 12, isNormalised: true, layout: .planes)),
        Computation(
            FeatureOutput.self,
            .init(map: map, channels: 12, isNormalised: true, layout: .tokens)),
        Computation(TokenPatches.self, .init(map: map, channels: 12, side: 2)),
        Computation(
            WindowAttention.self,
            .init(map: map, heads: 2, headDim: 6, window: 3, shift: 1, hasTable: true)),
    ]
    // Products that are widened, of words, and of tiles.
    let narrow = try Target(isas: [.avx512, .avx512bf16, .avx512amx], precision: .bf16)
    return try (samplePlans() + [Planner(smallNetwork(), narrow).plan()]).map { plan in
        var complete = plan
        for index in complete.variants.indices {
            let setting = Setting(
                machine: MachineModel(isa: complete.variants[index].isa), batch: 1, maxBatch: 1)
            complete.variants[index].kernels += further.compactMap { $0.kernels(setting).first }
        }
        return complete
    }
}

/// Detectors and segmenters with convolutions of every kind.
func headPlans() throws -> [Plan] { try keptHeadPlans.get() }

private let keptHeadPlans = Result { try plannedHeads() }

private func plannedHeads() throws -> [Plan] {
    let backbone = try LITv2(name: "heads", height: 64, width: 96) {
        PatchEmbedding(channels: 8)
        Stage(depth: 1) { ConvFFN() }
        TokenMerging()
        Stage(depth: 1) { ConvFFN() }
        TokenMerging()
        Stage(depth: 1) { ConvFFN() }
        TokenMerging()
        Stage(depth: 1) { ConvFFN() }
        FeatureMaps()
    }
    let networks = [
        Network(
            try RetinaNet(backbone, classes: 3, channels: 16, depth: 1, convolutions: .winograd4)),
        Network(
            try MaskRCNN(
                backbone, classes: 3, channels: 16, width: 32, depth: 1, convolutions: .direct)),
        Network(
            try SemanticFPN(
                backbone, classes: 3, channels: 16, width: 16, convolutions: .winograd2)),
    ]
    let target = try Target(isas: [.generic, .avx2, .avx512], maxBatch: 2)
    return try networks.flatMap { network in
        // Of one size, and of all that the recipe gives.
        try [[], network.inputRule.map { [Resolution($0)] } ?? []].map {
            try Planner(network, target, resolutions: $0).plan()
        }
    }
}

/// All that is ever generated, what it was rendered from, and the tags that say more than they have.
private struct Rendering {
    static let ofAll = Result { try Rendering() }

    let files: [GeneratedFile]
    let templates: Set<String>
    let unknownTags: Set<String>

    private init() throws {
        let templates = Mutex<Set<String>>([]), unknown = Mutex<Set<String>>([])
        let observer: Renderer.Observer = { template, context in
            templates.withLock { _ = $0.insert(template) }
            let tags = TagChecker.unknownTags(template: template, context: context)
            unknown.withLock { $0.formUnion(tags) }
        }
        files =
            try (completePlans() + headPlans()).flatMap { Generator($0).files(observer: observer) }
            + ISA.all.flatMap { MachineProgram.files(for: $0, observer: observer) }
        (self.templates, unknownTags) = (templates.withLock { $0 }, unknown.withLock { $0 })
    }
}

@Suite struct TemplateTests {
    @Test func everyTagNamesAPropertyOfItsContext() throws {
        #expect(try Rendering.ofAll.get().unknownTags == [])
    }

    @Test func theCheckerSeesAMissingTag() {
        struct Context { let name = "x" }
        let unknown = TagChecker.unknownTags(template: "gemm/kernel.c", context: Context())
        #expect(unknown.contains("gemm/kernel.c: rows"))
        #expect(!unknown.contains("gemm/kernel.c: name"))
    }

    @Test func everyTemplateFileIsListedAndUsed() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Templates/c")
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        let names = (files?.allObjects as? [URL] ?? [])
            .filter { $0.pathExtension == "mustache" }
            .map { $0.deletingPathExtension().pathComponents.suffix(2).joined(separator: "/") }
        #expect(!names.isEmpty)
        #expect(Set(names) == Set(TemplateFiles.all.keys))

        let rendered = try Rendering.ofAll.get().templates
        // Partials are rendered inside their template; which of these it is may be said by the context.
        let whole = names.filter {
            !$0.hasPrefix("gemm/formula_") && !$0.hasPrefix("gemm/split_")
                && !$0.hasPrefix("winograd/transform_")
        }
        let partials = rendered.compactMap { TemplateFiles.all[$0] }.flatMap { text in
            text.matches(of: /<%>([\w\/]+)%>/).map { String($0.output.1) }
        }
        #expect(Set(whole).subtracting(rendered).subtracting(partials) == [])
    }

    @Test func noTagIsLeftInGeneratedText() throws {
        for file in try Rendering.ofAll.get().files {
            #expect(!file.contents.contains("<%"), "\(file.path)")
            #expect(!file.contents.contains("{{"), "\(file.path)")
        }
    }
}

@Suite struct GeneratorTests {
    @Test func generatingTwiceGivesTheSameBytes() throws {
        for (first, second) in zip(try plannedSamples(), try plannedSamples()) {
            #expect(Generator(first).files() == Generator(second).files())
        }
    }

    @Test func eachKernelIsGeneratedOnceUnderItsName() throws {
        for plan in try samplePlans() {
            let paths = Generator(plan).files().map(\.path)
            #expect(Set(paths).count == paths.count)
            let kernels = paths.filter { $0.hasPrefix("src/kernels/") }
            #expect(kernels.count == plan.variants.reduce(0) { $0 + $1.kernels.count })
            for path in kernels { #expect(path.contains("/\(plan.network.name)_")) }
        }
    }

    @Test func plansSurviveTheirFile() throws {
        for plan in try samplePlans() {
            #expect(try Plan(json: Data(plan.json.utf8)) == plan)
        }
    }

    @Test func fingerprintsTellLibrariesApart() throws {
        let plans = try samplePlans()
        let byNetwork = Dictionary(grouping: plans, by: \.network.name)
        #expect(byNetwork.count == 2)
        for plans in byNetwork.values { #expect(Set(plans.map(\.fingerprint)).count == 1) }
        #expect(Set(plans.map(\.fingerprint)).count == byNetwork.count)
    }

    /// Packed weights do not depend on resolution, batch, name or instruction set.
    @Test func fingerprintIsThatOfTheWeights() throws {
        func plan(_ name: String, _ side: Int, batch: Int) throws -> Plan {
            let network = try Preset.small.network(
                name: name, resolution: Resolution(height: side, width: side))
            return try Planner(Network(network), Target(isa: .avx2, maxBatch: batch)).plan()
        }
        #expect(try plan("a", 224, batch: 8).fingerprint == plan("b", 320, batch: 1).fingerprint)
    }
}
