import Foundation
import Graphs
import TestFixtures
import Testing
import Toolchain

@testable import HiLoKit

/// Libraries for all sizes of a recipe: they compute what those for one size do.
@Suite(.serialized, .enabled("no C compiler with OpenMP") { await Compiler.isThere })
struct FlexibleLibraryTests {
    /// A network; sizes at which the usual one's schedules are legal, of a segmenter odd ones; and a
    /// portrait one.
    struct Case: Sendable, CustomTestStringConvertible {
        let task: HeadOptions.Task
        let sizes: [Resolution]
        let portrait: Resolution

        var testDescription: String { task.rawValue }

        static let all = [
            Case(task: .detect, sizes: [(800, 1344), (736, 1344)], portrait: (1344, 736)),
            Case(task: .segment, sizes: [(512, 699), (512, 691)], portrait: (681, 512)),
            Case(task: .instances, sizes: [(800, 1344), (736, 1344)], portrait: (1056, 800)),
        ]

        private init(task: HeadOptions.Task, sizes: [(Int, Int)], portrait: (Int, Int)) {
            self.task = task
            self.sizes = sizes.map { Resolution(height: $0.0, width: $0.1) }
            self.portrait = Resolution(height: portrait.0, width: portrait.1)
        }

        func network() throws -> Network {
            let backbone = try LITv2(name: "flexible", height: 64, width: 96) {
                PatchEmbedding(channels: 4)
                Stage(depth: 1) { ConvFFN() }
                TokenMerging()
                Stage(depth: 1) { ConvFFN() }
                TokenMerging()
                Stage(depth: 1) {
                    HiLoAttention(heads: 4, window: 2, alpha: 0.5)
                    ConvFFN()
                }
                TokenMerging()
                Stage(depth: 1) {
                    HiLoAttention(heads: 4, window: 1)
                    ConvFFN()
                }
                FeatureMaps()
            }
            switch task {
            case .detect:
                return Network(try RetinaNet(backbone, classes: 3, channels: 8, depth: 1))
            case .segment:
                return Network(try SemanticFPN(backbone, classes: 3, channels: 8, width: 8))
            case .instances:
                return Network(
                    try MaskRCNN(backbone, classes: 3, channels: 8, width: 16, depth: 1))
            }
        }
    }

    private static let cases = TestScope.chosen(Case.all) { $0.task != .detect }

    /// Bit for bit, whether a context was made for a size or got it later, for one thread and three.
    @Test(arguments: cases) func sizesGiveTheBitsOfFixedLibraries(item: Case) async throws {
        let target = try Target(isa: .native(), maxBatch: 2)
        let network = try item.network()
        let rule = try #require(network.inputRule)
        let flexible = try Planner(network, target, resolutions: [Resolution(rule)]).plan()
        let sizes = TestScope.isLong ? item.sizes : Array(item.sizes.suffix(1))
        let fixed = try sizes.map {
            (id: "fixed_\($0)", plan: try Self.plan(network.at($0), scheduledAs: flexible))
        }
        let portrait =
            try TestScope.isLong
            ? Planner(network.at(item.portrait), target).plan() : nil
        let farms = [
            try await LibraryFarm.grow(
                [("flexible", flexible)], isa: .native()),
            try await LibraryFarm.grow(
                fixed + (portrait.map { [("portrait", $0)] } ?? []), isa: .native()),
        ]
        defer { for farm in farms { farm.remove() } }
        for (size, (id, plan)) in zip(sizes, fixed) {
            let images = seededInputs(batch: 2, count: 3 * size.count, seed: 5)
            let expected = try farms[1].with(id, plan, .seed(4)) {
                try $0.outputs(images, threads: 2)
            }
            try farms[0].with("flexible", flexible, .seed(4)) { library in
                let made = try library.outputs(images, threads: 3, at: size)
                let resized = try library.outputs(images, threads: 1, resizedTo: size)
                #expect(made == expected, "\(size)")
                #expect(resized == expected, "\(size), resized")
            }
        }
        if let portrait { try compare(item.portrait, portrait, flexible, farms) }
    }

    /// The first output, of another plan, but for rounding.
    private func compare(
        _ size: Resolution, _ plan: Plan, _ flexible: Plan, _ farms: [LibraryFarm]
    ) throws {
        let images = seededInputs(batch: 1, count: 3 * size.count, seed: 7)
        let expected = try farms[1].with("portrait", plan, .seed(4)) {
            try $0.outputs(images, threads: 2)[0]
        }
        let found = try farms[0].with("flexible", flexible, .seed(4)) {
            try $0.outputs(images, threads: 2, at: size)[0]
        }
        let largest = expected.map(abs).max() ?? 0
        let difference = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
        #expect(found.count == expected.count && difference <= 2e-5 * largest, "\(size)")
    }

    /// The plan of a network of one size, step by step with another plan's schedules.
    private static func plan(_ network: Network, scheduledAs other: Plan) throws -> Plan {
        let plan = try Planner(network, other.target).plan()
        let (variant, model) = (plan.variants[0], other.variants[0])
        let (steps, twins) = (variant.passes[0].steps, model.passes[0].steps)
        try #require(steps.count == twins.count)
        var decisions = Decisions()
        for (step, twin) in zip(steps, twins) {
            let computation = variant.kernels[step.kernel].computation
            let kernel = computation.kernel(scheduledAs: model.kernels[twin.kernel])
            decisions.adopt(try #require(kernel), on: variant.isa)
        }
        return try plan.replanned(with: decisions)
    }

    /// Each kernel at the recipe's extreme sizes, the network, and the C API; in bf16 by instructions for floats, which
    /// widen what they multiply.
    @Test(
        .enabled(if: TestScope.isLong, "for make test-long"), arguments: Case.all,
        [Precision.f32, .bf16])
    func aLibraryForAllSizesVerifies(item: Case, precision: Precision) async throws {
        let network = try item.network()
        let rule = try #require(network.inputRule)
        let target = try Target(isa: .native(), precision: precision, maxBatch: 2)
        let plan = try Planner(network, target, resolutions: [Resolution(rule)]).plan()
        try await withTemporaryFolder { folder in
            let library = try LibraryGenerator(plan, .seed(6))
                .write(to: folder.appending(path: "lib"))
            try await library.build(with: .hasty(), extraFlags: ["-Werror"])
            let found = try await Verifier(library, seed: 6, threads: 2).verify()
            #expect(found.kernels.count == plan.variants[0].kernels.count)
            for item in found.kernels + found.network {
                #expect(item.passed, "\(item.name): \(item.problem ?? "")")
            }
            #expect(found.interface.passed, "\(found.interface.failures)")
        }
    }
}

extension LoadedLibrary {
    private typealias Resize = @convention(c) (OpaquePointer, Int32, Int32) -> Int32

    /// All outputs at a size that a context gets before the run, after it was made for another. A size
    /// that the recipe does not give is refused and changes nothing.
    fileprivate func outputs(
        _ images: [[Float]], threads: Int, resizedTo size: Resolution
    ) throws -> [[Float]] {
        let resize = try Self.symbol(handle, "\(name)_context_resize", as: Resize.self)
        return try outputs(images, threads: threads, at: size) { context in
            let status = resize(context, Int32(size.height), Int32(size.width))
            guard status == 0 else { throw Failure(description: "context_resize: \(status)") }
            #expect(resize(context, 100, 100) != 0)
        }
    }
}
