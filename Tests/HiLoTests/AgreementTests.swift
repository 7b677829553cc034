import Foundation
import HiLoKit
import TestFixtures
import Testing

/// Generated libraries against PyTorch: whole networks and single layers, for every instruction set
/// that this CPU has.
@Suite(.serialized) struct AgreementTests {
    /// What `make test` runs on instruction sets that are not this CPU's own: a network with all
    /// operations. What else differs by instruction set are kernels, which the conformance suite shows.
    private static let everywhere = ["tiny_64x96"]
    /// The layers of `make test`, by their numbers: windows of 1 to 4, shares of Lo-Fi heads from 0 to 1, channels that
    /// no vector divides, a scale of its own, no bias, and a large one.
    private static let layers = ["00", "01", "04", "05", "07", "10", "15", "16", "18"]
    /// Those of instruction sets that are not this CPU's own.
    private static let layersEverywhere = ["01", "07", "10"]

    @Test func networksAgreeWithPyTorch() async throws {
        let fixture = try NetworkCase.load()
        let cases = TestScope.chosen(fixture.cases) { $0.isLong }
        #expect(cases.count >= 5)
        let farms = try await LibraryFarms.grow(
            cases.map { item in
                let network = try item.model.network(
                    name: "net", height: item.height, width: item.width)
                return (item.id, Network(network))
            },
            where: { id, isa in
                TestScope.isLong || isa == .native() || Self.everywhere.contains(id)
            })
        defer { farms.remove() }
        var errors: [ISA: ErrorTally] = [:]
        try farms.visit(seeds: cases.map(\.seed)) { index, isa, plan, library in
            let item = cases[index]
            let images = seededInputs(
                batch: item.batch, count: plan.network.inputShape.reduce(1, *), seed: item.seed)
            let output = try library.run(images, threads: 2).flatMap { $0 }
            let single = try fixture.required("\(item.id).logits32").values
            let double = try fixture.required("\(item.id).logits64").values
            let name = "\(item.id), \(isa)"
            try errors[isa, default: ErrorTally()]
                .compare(name, output, single: single, double: double)
            if item.id.hasPrefix("tiny") || (item.id == "litv2_s_224" && isa != .generic) {
                try library.expectSameBits(name, plan)
            }
        }
        for (isa, errors) in errors { errors.check("\(isa)", on: isa) }
    }

    @Test func layersAgreeWithPyTorch() async throws {
        let fixture = try LayerCase.load()
        #expect(fixture.cases.count >= 20)
        let layers = try fixture.cases.map { try $0.geometry.layer() }
        let farms = try await LibraryFarms.grow(
            zip(fixture.cases, layers).map { ($0.id, Network($1)) },
            where: { id, isa in
                let shown = isa == .native() ? Self.layers : Self.layersEverywhere
                return TestScope.isLong || shown.contains { id.hasPrefix("hilo_\($0)_") }
            })
        defer { farms.remove() }
        var compared = 0
        var errors: [ISA: ErrorTally] = [:]
        try farms.visit(seeds: fixture.cases.map(\.seed)) { index, isa, plan, library in
            let (item, layer) = (fixture.cases[index], layers[index])
            let inputs = seededInputs(
                batch: item.batch, count: layer.map.count * layer.dim, seed: item.seed)
            let output = try library.run(inputs, threads: 3).flatMap { tokens in
                item.rows.flatMap { tokens[$0 * layer.dim..<($0 + 1) * layer.dim] }
            }
            let single = try fixture.required("\(item.id).output32").values
            let double = try fixture.required("\(item.id).output64").values
            try errors[isa, default: ErrorTally()]
                .compare("\(item.id), \(isa)", output, single: single, double: double)
            compared += 1
        }
        #expect(compared >= Self.layers.count + Self.layersEverywhere.count)
        for (isa, errors) in errors { errors.check("\(isa)", on: isa) }
    }
}
