import HiLoKit
import Planning
import Toolchain

/// Finds the layers of a network whose integers of 8 bits, or bf16, change its outputs too much, and keeps them wider:
/// those of integers in bf16, those of bf16 in single precision.
///
/// What counts are a classifier's answers, and of other networks the maps that they return or that their heads read.
/// Everything is measured with libraries as they would run, on images of the calibration: in single precision,
/// with all layers narrow, and, where these two are too far apart, with each layer narrow alone, which
/// says how far that one moves the outputs. Those that move them most are kept, as many as it takes. Where all
/// layers of integers are kept and that is not enough, the same follows with layers of bf16.
public struct Lifter: Sendable {
    /// Told what goes on, in words, and how much of it is done.
    public typealias Progress = @Sendable (_ done: Int, _ total: Int, _ what: String) -> Void

    /// Whose libraries are compared.
    private let network: Network
    private let measure: OutputMeasure
    private let calibration: Calibration
    private let blocks: PackedBlocks
    private let images: any ComparedImages
    private let compiler: Compiler

    /// Images of a call.
    private static let batch = 8

    /// - Parameters:
    ///   - network: one in which something can be of the calibration's precision.
    ///   - weights: of `network`.
    ///   - calibration: of these weights.
    ///   - images: those of the calibration, or others like them.
    public init(
        _ network: Network, _ weights: WeightSource.Matched, _ calibration: Calibration,
        images: any ComparedImages, compiler: Compiler
    ) throws {
        let compared = network.pyramid ?? network
        self.network = try compared.at(compared.resolution.fixed)
        measure = OutputMeasure(of: self.network)
        self.calibration = calibration
        blocks = PackedBlocks(weights, calibration)
        self.images = images
        self.compiler = compiler
    }

    /// The calibration with the layers that are kept, and what agreement that gives.
    ///
    /// - Parameter maxDrop: the share of images that may get another answer than in single precision; of maps the
    ///   share that errors may be of their power.
    /// - Throws: `LiftingError` when it is more with all layers kept too; errors of builds and runs.
    public func lift(maxDrop: Double, progress: Progress? = nil) async throws -> Calibration {
        try await withTemporaryFolder { folder in
            var bench = ComparisonBench(folder: folder, compiler: compiler)
            let choice = LayerChoice(
                precision: calibration.precision, levels: levels, measure: measure,
                images: compared, maxDrop: maxDrop
            ) { library, indices, what in
                try Task.checkCancellation()
                progress?(0, indices.count, what)
                let built = try await bench.library(plan(library), blocks) { done, total, _ in
                    progress?(done, total, "\(what): compiling")
                }
                return try await outputs(of: built, on: indices)
            }
            let (kept, agreement) = try await choice.choose()
            return calibration.keeping(kept, agreement: agreement)
        }
    }

    private var levels: [LayerChoice.Level] {
        [
            .init(type: .bf16, layers: network.quantisableLayers),
            .init(type: .f32, layers: network.roundedLayers),
        ].filter { calibration.precision.canKeep(in: $0.type) }
    }

    /// How many of the images.
    private var compared: Int { measure.images(of: images.count) }

    private func plan(_ library: LayerChoice.Library) throws -> Plan {
        let (precision, kept) =
            switch library {
            case .f32: (Precision.f32, [KeptLayer]())
            case .narrow(let kept): (calibration.precision, kept)
            }
        let target = try Target(
            isa: .native(for: precision), precision: precision, maxBatch: Self.batch, kept: kept)
        return try Planner(network, target).plan()
    }

    /// - Parameter indices: among those that are compared, which are spread evenly over all.
    private func outputs(of library: GeneratedLibrary, on indices: [Int]) async throws -> Outputs {
        let found = try await images.outputs(
            of: library, on: indices.map { $0 * images.count / compared })
        guard measure.holds(found, ofImages: indices.count) else {
            throw LibraryError.harness(
                code: 0,
                "\(library.harness.path): expected outputs of \(indices.count) images, found "
                    + "\(found.map(\.count)) values")
        }
        return found
    }
}
