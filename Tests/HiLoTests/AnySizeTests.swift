import Foundation
import HiLoKit
import Testing

@testable import Planning

/// Kernels at sizes that patches, windows, pairs of tokens and vectors do not divide.
@Suite(.serialized) struct AnySizeTests {
    /// No network here has them; the harness runs every kernel of a library.
    static let kernels: [Kernel] = patches + pools + attentions + samplings + featureMaps

    @Test(arguments: ISA.allCases) func everyKernelIsRightAtOddSizes(isa: ISA) async throws {
        guard isa.isAvailable() else { return print("SKIPPED: this CPU lacks \(isa.title)") }
        var plan = try Planner(smallNetwork(), Target(isa: isa, maxBatch: 2)).plan()
        plan.kernels += Self.kernels
        try await withFolder { folder in
            let library = try LibraryGenerator(plan, .seed(6)).write(
                to: folder.appending(path: "l"))
            try await library.build(with: .find(), extraFlags: ["-Werror"])
            let found = try await Verifier(library, seed: 6, threads: 2).verify()
            #expect(found.kernels.count == plan.kernels.count)
            for item in found.kernels {
                #expect(item.passed, "\(item.name): \(item.problem ?? "")")
            }
        }
    }

    private static let patches = [(5, 9, 4), (2, 3, 4), (17, 6, 4), (7, 7, 3)].map {
        Kernel.patches(Patches(image: Resolution(height: $0, width: $1), side: $2))
    }

    private static let pools = [(5, 7, 24, 2), (5, 7, 13, 3), (1, 1, 16, 2), (13, 22, 33, 4)].map {
        Kernel.averagePool(
            AveragePool(map: Resolution(height: $0, width: $1), channels: $2, window: $3))
    }

    /// Map, heads, channels of one, window, where the bias is.
    private static let attentions = [
        (5, 7, 2, 32, 2, 40), (5, 7, 1, 13, 3, 7), (1, 1, 2, 8, 2, 0), (6, 4, 1, 20, 4, 16),
        (9, 9, 3, 32, 4, 512), (4, 6, 2, 7, 5, 3), (1, 8, 2, 32, 2, 5),
    ].map { height, width, heads, headDim, window, bias in
        Kernel.hiFiAttention(
            HiFiAttention(
                map: Resolution(height: height, width: width), heads: heads, headDim: headDim,
                window: window, inputStride: 3 * heads * headDim + 8,
                outputStride: heads * headDim + 5, bias: bias))
    }

    private static let samplings = [
        (5, 7, 24, 96), (3, 2, 13, 60), (2, 3, 16, 64), (7, 7, 33, 140),
    ]
    .map {
        Kernel.sampling(
            Sampling(
                map: Resolution(height: $0, width: $1), channels: $2, outputStride: $3))
    }

    private static let featureMaps = [
        (5, 7, 24), (1, 1, 13), (9, 15, 33), (37, 9, 96), (3, 2, 2000),
    ]
    .flatMap { height, width, channels in
        [(true, FeatureLayout.planes), (false, .planes), (true, .tokens), (false, .tokens)].map {
            Kernel.featureMap(
                FeatureMap(
                    map: Resolution(height: height, width: width), channels: channels,
                    isNormalised: $0, layout: $1))
        }
    }
}
