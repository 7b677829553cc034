import Foundation
import HiLoKit
import TestFixtures
import Testing

/// Generated backbones against PyTorch: feature maps at resolutions of all kinds, and several
/// resolutions in one library.
@Suite(.serialized) struct BackboneTests {
    /// Kernels of others are shown by ConformanceTests, and a whole network of theirs by AgreementTests.
    private static let isas = TestScope.isLong ? ISA.all : [.native()]

    @Test(arguments: isas) func mapsAgreeWithPyTorch(isa: ISA) async throws {
        guard isa.isAvailable() else { return print("SKIPPED: this CPU lacks \(isa.title)") }
        let fixture = try BackboneCase.load()
        // The published networks take minutes to compile, and without vectors to run.
        let possible = fixture.cases.filter {
            isa == .native() || !$0.id.hasPrefix("dense_litv2")
        }
        let cases = TestScope.chosen(possible, unless: \.isLong)
        #expect(cases.count >= (isa == .native() ? 5 : 1))
        let plans = try cases.map { item in
            (id: item.id, plan: try Planner(Network(item.network()), Target(isa: isa)).plan())
        }
        let farm = try await LibraryFarm.grow(plans, isa: isa)
        defer { farm.remove() }
        var errors = ErrorTally()
        for (item, (id, plan)) in zip(cases, plans) {
            try farm.with(id, plan, .seed(item.seed)) { library in
                let images = seededInputs(
                    batch: item.batch, count: plan.network.inputShape.reduce(1, *), seed: item.seed)
                let maps = try library.outputs(images, threads: 2)
                for (index, (map, stage)) in zip(maps, item.stages).enumerated() {
                    let name = "\(id), \(isa), stage \(index + 1)"
                    let expected = try fixture.required("\(id).stage\(index + 1).64").values
                    try #require(map.count == stage.shape.reduce(1, *), "\(name)")
                    try errors.compare(
                        name, stage.sample(of: map), expected: expected,
                        largest: stage.statistics.maxAbs, theirError: stage.fp32RmsError)
                    let isFinite = map.allSatisfy { $0.isFinite }
                    #expect(isFinite, "\(name)")
                }
                for threads in [1, 3] {
                    #expect(
                        try library.outputs(images, threads: threads) == maps,
                        "\(id), \(isa), \(threads) threads")
                }
            }
        }
        errors.check("\(isa)", on: isa)
    }

    private static let resolutions = TestScope.chosen([(64, 96), (37, 41), (100, 36)]) {
        $0 == (100, 36)
    }.map { Resolution(height: $0.0, width: $0.1) }

    private static func backbone(
        at resolution: Resolution, _ features: FeatureMaps = FeatureMaps()
    ) throws -> Network {
        Network(
            try LITv2(name: "dense", height: resolution.height, width: resolution.width) {
                PatchEmbedding(channels: 24)
                Stage(depth: 1) { ConvFFN() }
                TokenMerging()
                Stage(depth: 1) { ConvFFN() }
                TokenMerging()
                Stage(depth: 1) {
                    HiLoAttention(heads: 6, window: 3, alpha: 0.5)
                    ConvFFN()
                }
                TokenMerging()
                Stage(depth: 1) {
                    HiLoAttention(heads: 6, window: 1)
                    ConvFFN()
                }
                features
            })
    }

    /// One library with several resolutions computes what as many libraries do, bit for bit, from
    /// weights that are the same file.
    @Test func oneLibraryForAllResolutions() async throws {
        let target = try Target(isa: .native(), maxBatch: 2)
        let network = try Self.backbone(at: Self.resolutions[0])
        let whole = try Planner(network, target, resolutions: Self.resolutions).plan()
        let single = try Self.resolutions.map { resolution in
            (
                id: "dense_\(resolution)",
                plan: try Planner(network.at(resolution), target).plan()
            )
        }
        for (_, plan) in single {
            #expect(plan.weights == whole.weights)
            #expect(plan.fingerprint == whole.fingerprint)
        }
        let farm = try await LibraryFarm.grow(
            [(id: "dense", plan: whole)] + single, isa: .native())
        defer { farm.remove() }
        for (resolution, (id, plan)) in zip(Self.resolutions, single) {
            let images = seededInputs(
                batch: 2, count: plan.network.inputShape.reduce(1, *), seed: 9)
            let expected = try farm.with(id, plan, .seed(3)) {
                try $0.outputs(images, threads: 2)
            }
            let found = try farm.with("dense", whole, .seed(3)) {
                try $0.outputs(images, threads: 3, at: resolution)
            }
            #expect(found == expected, "\(resolution)")
        }
    }

    /// Channels last holds the same numbers in another order, and fewer outputs are some of all.
    @Test func layoutsAndChoicesOfOutputs() async throws {
        let target = try Target(isa: .native())
        let resolution = Self.resolutions[1]
        let choices = [
            FeatureMaps(), FeatureMaps(layout: .tokens), FeatureMaps(stages: [2, 3]),
        ]
        let plans = try choices.enumerated().map { index, features in
            (
                id: "choice\(index)",
                plan: try Planner(Self.backbone(at: resolution, features), target).plan()
            )
        }
        let farm = try await LibraryFarm.grow(plans, isa: .native())
        defer { farm.remove() }
        let image = seededInputs(
            batch: 1, count: plans[0].plan.network.inputShape.reduce(1, *), seed: 4)
        let outputs = try plans.map { id, plan in
            try farm.with(id, plan, .seed(5)) { try $0.outputs(image, threads: 2) }
        }
        #expect(outputs[2] == [outputs[0][1], outputs[0][2]])
        for (planes, (tokens, shape)) in zip(
            outputs[0], zip(outputs[1], plans[0].plan.network.outputShapes))
        {
            let (channels, count) = (shape[0], shape[1] * shape[2])
            let turned = (0..<channels * count).map {
                planes[$0 % channels * count + $0 / channels]
            }
            #expect(tokens == turned)
        }
    }
}
