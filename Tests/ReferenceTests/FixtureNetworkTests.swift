import Networks
import Reference
import TestFixtures
import Testing

/// Layers, networks and backbones with seeded weights against PyTorch in double precision.
@Suite struct FixtureNetworkTests {
    @Test func everyProductHasCases() throws {
        #expect(try !LayerCase.load().cases.isEmpty)
        #expect(try Self.small().count >= 7)
        #expect(try Self.fullSize().map(\.id) == Self.fullSizeNames)
        #expect(try !BackboneCase.load().cases.isEmpty)
    }

    @Test(arguments: try LayerCase.load().cases)
    func layerAgrees(case layer: LayerCase) throws {
        let geometry = try layer.geometry.layer()
        let network = Network(geometry)
        let weights = seededWeights(network.parameters, seed: layer.seed)
        let reference = ReferenceNetwork(network) { weights[$0] ?? [] }
        let outputs = try seededInputs(
            batch: layer.batch, count: geometry.map.count * geometry.dim, seed: layer.seed
        ).map { try reference.outputs($0)[0].split(into: geometry.map.count) }
        let stored = outputs.flatMap { tokens in layer.rows.flatMap { tokens[$0] } }
        let expected = try LayerCase.load().required("\(layer.id).output64").values
        expectAgreement(stored, expected)
        expectStatistics(of: outputs.flatMap { $0.flatMap { $0 } }, layer.statistics)
    }

    // MARK: Networks

    /// What runs in a second or so; the others take the same code through larger loops.
    private static func small() throws -> [NetworkCase] {
        try NetworkCase.load().cases.filter {
            try Network($0.network()).macs * $0.batch < smallMACs
        }
    }

    private static func fullSize() throws -> [NetworkCase] {
        try NetworkCase.load().cases.filter { fullSizeNames.contains($0.id) }
    }

    private static let smallMACs = 100_000_000
    private static let fullSizeNames = ["litv2_s_224", "litv2_s_128_window_4"]

    @Test(arguments: try small())
    func smallNetworkAgrees(case network: NetworkCase) throws { try check(network) }

    @Test(
        .enabled(if: isOptimised, "billions of operations; run with -c release"),
        arguments: try fullSize())
    func fullSizeNetworkAgrees(case network: NetworkCase) throws { try check(network) }

    private func check(_ network: NetworkCase) throws {
        let model = try network.network()
        let weights = seededWeights(model.parameters, seed: network.seed)
        let reference = LITv2Reference(model, weights)
        var maps = [[Double]](repeating: [], count: model.stages.count)
        let inputs = seededInputs(
            batch: network.batch, count: 3 * network.height * network.width, seed: network.seed)
        let logits = try inputs.flatMap { image in
            try reference.run(image) { maps[$0] += $1.values }
        }
        expectAgreement(
            logits, try NetworkCase.load().required("\(network.id).logits64").values)
        try #require(maps.count == network.stages.count)
        for (map, statistics) in zip(maps, network.stages) {
            expectStatistics(of: map, statistics)
        }
    }

    // MARK: Backbones

    /// Those that are marked as large are left to generated libraries.
    private static func backbones(published: Bool) throws -> [BackboneCase] {
        try BackboneCase.load().cases.filter {
            !$0.large && $0.id.hasPrefix("dense_litv2") == published
        }
    }

    @Test(arguments: try backbones(published: false))
    func smallBackboneAgrees(case backbone: BackboneCase) throws { try check(backbone) }

    @Test(
        .enabled(if: TestScope.isLong, "billions of operations; 'make test-long' has them"),
        arguments: try backbones(published: true))
    func fullSizeBackboneAgrees(case backbone: BackboneCase) throws { try check(backbone) }

    private func check(_ backbone: BackboneCase) throws {
        let weights = try backbone.weights()
        let reference = LITv2Reference(try backbone.network(), weights)
        let images = try seededInputs(
            batch: backbone.batch, count: 3 * backbone.height * backbone.width,
            seed: backbone.seed
        ).map { try reference.featureMaps($0, height: backbone.height, width: backbone.width) }
        let fixture = try BackboneCase.load()
        for (index, stage) in backbone.stages.enumerated() {
            let map = images.flatMap { $0[index].planes }
            try #require(map.count == stage.shape.reduce(1, *))
            expectAgreement(
                stage.sample(of: map),
                try fixture.required("\(backbone.id).stage\(index + 1).64").values)
            expectStatistics(of: map, stage.statistics)
        }
    }
}

/// Whether the tests were compiled with optimisation; without it the reference takes minutes.
private let isOptimised: Bool = {
    #if DEBUG
        false
    #else
        true
    #endif
}()
