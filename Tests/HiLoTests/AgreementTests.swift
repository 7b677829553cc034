import Foundation
import HiLoKit
import TestFixtures
import Testing

/// Generated libraries against PyTorch: whole networks and single layers, for every instruction set
/// that this CPU has.
@Suite(.serialized) struct AgreementTests {
    @Test(arguments: ISA.all) func networksAgreeWithPyTorch(isa: ISA) async throws {
        guard isa.isAvailable() else { return skipVisibly(isa) }
        let fixture = try NetworkCase.load()
        #expect(fixture.cases.count >= 20)
        let plans = try fixture.cases.map { item in
            let network = try item.model.network(
                name: "net", height: item.height, width: item.width)
            return (id: item.id, plan: try Planner(Network(network), Target(isa: isa)).plan())
        }
        let farm = try await LibraryFarm.grow(plans, isa: isa, compiler: .shared())
        defer { farm.remove() }
        var errors = ErrorTally()
        for (item, (id, plan)) in zip(fixture.cases, plans) {
            try farm.with(id, plan, .seed(item.seed)) { library in
                let images = seededInputs(
                    batch: item.batch, count: plan.network.inputShape.reduce(1, *), seed: item.seed)
                let output = try library.run(images, threads: 2).flatMap { $0 }
                let single = try fixture.required("\(id).logits32").values
                let double = try fixture.required("\(id).logits64").values
                try compare("\(id), \(isa)", output, single: single, double: double, &errors)
                if id.hasPrefix("tiny") || (id == "litv2_s_224" && isa != .generic) {
                    try checkBits("\(id), \(isa)", library, plan)
                }
            }
        }
        #expect(errors.ratio <= 2, "\(isa): \(errors.ratio) times the error of PyTorch")
    }

    @Test(arguments: ISA.all) func layersAgreeWithPyTorch(isa: ISA) async throws {
        guard isa.isAvailable() else { return skipVisibly(isa) }
        let fixture = try LayerCase.load()
        #expect(fixture.cases.count >= 20)
        let cases = try fixture.cases.map { ($0, try $0.geometry.layer()) }
        let plans = try cases.map { item, layer in
            (id: item.id, plan: try Planner(Network(layer), Target(isa: isa)).plan())
        }
        let farm = try await LibraryFarm.grow(plans, isa: isa, compiler: .shared())
        defer { farm.remove() }
        var errors = ErrorTally()
        for ((item, layer), (id, plan)) in zip(cases, plans) {
            try farm.with(id, plan, .seed(item.seed)) { library in
                let inputs = seededInputs(
                    batch: item.batch, count: layer.map.count * layer.dim, seed: item.seed)
                let output = try library.run(inputs, threads: 3).flatMap { tokens in
                    item.rows.flatMap { tokens[$0 * layer.dim..<($0 + 1) * layer.dim] }
                }
                let single = try fixture.required("\(id).output32").values
                let double = try fixture.required("\(id).output64").values
                try compare("\(id), \(isa)", output, single: single, double: double, &errors)
            }
        }
        #expect(errors.ratio <= 2, "\(isa): \(errors.ratio) times the error of PyTorch")
    }

    /// Any number of threads and any batch give the same bits, image by image.
    private func checkBits(_ name: String, _ library: LoadedLibrary, _ plan: Plan) throws {
        let images = seededInputs(batch: 8, count: plan.network.inputShape.reduce(1, *), seed: 7)
        let expected = try images.map { try library.run([$0], threads: 1)[0] }
        for batch in [1, 2, 3, 8] {
            for threads in [1, 2, 3, 8] {
                let output = try library.run(Array(images[..<batch]), threads: threads)
                #expect(
                    output == Array(expected[..<batch]),
                    "\(name), batch \(batch), \(threads) threads")
            }
        }
    }

    private func compare(
        _ name: String, _ output: [Float], single: [Double], double: [Double],
        _ errors: inout ErrorTally
    ) throws {
        let errorsOfPyTorch = zip(single, double).map { ($0 - $1) * ($0 - $1) }
        try errors.compare(
            name, output, expected: double, largest: double.reduce(0) { max($0, abs($1)) },
            theirError: (errorsOfPyTorch.reduce(0, +) / Double(double.count)).squareRoot())
    }

    private func skipVisibly(_ isa: ISA) {
        print("SKIPPED: this CPU lacks \(isa.title)")
    }
}
