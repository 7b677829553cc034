import Foundation
import HiLoKit
import TestFixtures
import Testing

/// Generated libraries against PyTorch: whole networks and single layers, for every instruction set
/// that this CPU has.
@Suite(.serialized) struct AgreementTests {
    @Test(arguments: ISA.allCases) func networksAgreeWithPyTorch(isa: ISA) async throws {
        guard isa.isAvailable() else { return skipVisibly(isa) }
        let fixture = try NetworkCase.load()
        #expect(fixture.cases.count >= 20)
        let plans = try fixture.cases.map { item in
            let network = try item.model.network(
                name: "net", height: item.height, width: item.width)
            return (id: item.id, plan: try Planner(.litv2(network), Target(isa: isa)).plan())
        }
        let farm = try await LibraryFarm.grow(plans, isa: isa, compiler: .find())
        defer { farm.remove() }
        for (item, (id, plan)) in zip(fixture.cases, plans) {
            try farm.with(id, plan, .seed(item.seed)) { library in
                let images = seededInputs(
                    batch: item.batch, count: plan.network.inputShape.reduce(1, *), seed: item.seed)
                let output = try library.run(images, threads: 2).flatMap { $0 }
                let single = try fixture.required("\(id).logits32").values
                let double = try fixture.required("\(id).logits64").values
                try compare("\(id), \(isa)", output, single: single, double: double)
                if id.hasPrefix("tiny") || (id == "litv2_s_224" && isa != .generic) {
                    try checkBits("\(id), \(isa)", library, plan)
                }
            }
        }
    }

    @Test(arguments: ISA.allCases) func layersAgreeWithPyTorch(isa: ISA) async throws {
        guard isa.isAvailable() else { return skipVisibly(isa) }
        let fixture = try LayerCase.load()
        #expect(fixture.cases.count >= 20)
        let cases = try fixture.cases.map { ($0, try $0.geometry.layer()) }
        let plans = try cases.map { item, layer in
            (id: item.id, plan: try Planner(.hilo(layer), Target(isa: isa)).plan())
        }
        let farm = try await LibraryFarm.grow(plans, isa: isa, compiler: .find())
        defer { farm.remove() }
        for ((item, layer), (id, plan)) in zip(cases, plans) {
            try farm.with(id, plan, .seed(item.seed)) { library in
                let inputs = seededInputs(
                    batch: item.batch, count: layer.map.count * layer.dim, seed: item.seed)
                let output = try library.run(inputs, threads: 3).flatMap { tokens in
                    item.rows.flatMap { tokens[$0 * layer.dim..<($0 + 1) * layer.dim] }
                }
                let single = try fixture.required("\(id).output32").values
                let double = try fixture.required("\(id).output64").values
                try compare("\(id), \(isa)", output, single: single, double: double)
            }
        }
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

    /// The project's promise: 1e-4 of the largest output against PyTorch, and against double
    /// precision no more than twice PyTorch's own error.
    private func compare(_ name: String, _ output: [Float], single: [Double], double: [Double])
        throws
    {
        try #require(output.count == single.count && output.count == double.count, "\(name)")
        let largest = single.reduce(0) { max($0, abs($1)) }
        let againstSingle = zip(output, single).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
        #expect(againstSingle <= 1e-4 * largest, "\(name): \(againstSingle) of \(largest)")
        let isFinite = output.allSatisfy { $0.isFinite }
        #expect(isFinite, "\(name)")
        let own = rootMeanSquare(zip(output, double).map { Double($0) - $1 })
        let theirs = rootMeanSquare(zip(single, double).map { $0 - $1 })
        #expect(own <= 2 * theirs, "\(name): error \(own), PyTorch's is \(theirs)")
    }

    private func rootMeanSquare(_ differences: [Double]) -> Double {
        (differences.reduce(0) { $0 + $1 * $1 } / Double(differences.count)).squareRoot()
    }

    private func skipVisibly(_ isa: ISA) {
        print("SKIPPED: this CPU lacks \(isa.title)")
    }
}
