import Checkpoints
import CodeGeneration
import FileIO
import Foundation
import Planning

/// Writes a plan's library into a folder: C, build files, plan and packed weights.
public struct LibraryGenerator: Sendable {
    private let plan: Plan
    private let origin: String
    /// The file of packed weights that are taken over.
    private let keptWeights: String?
    /// What scales of integers and the layers that stay wider follow from, as text; nil where there is none.
    private let calibration: String?
    /// The values of one block of the packed file.
    private let values: @Sendable (PackedTensor) throws -> [Float]

    /// - Parameters:
    ///   - plan: from the planner, or `validated()`.
    ///   - source: where the weights come from.
    ///   - calibration: of these weights, for the plan's precision; `.int8` needs one.
    /// - Throws: `CheckpointError` when the weights do not fit the plan's network; `CalibrationError` when
    ///   that has integers and no calibration is given, or one that says otherwise than the plan.
    public init(_ plan: Plan, _ source: WeightSource, calibration: Calibration? = nil) throws {
        try self.init(
            plan, source.matched(plan.network), origin: source.label, calibration: calibration)
    }

    /// - Parameters:
    ///   - matched: of the plan's network.
    ///   - origin: what the packed file says of where they come from.
    ///   - calibration: of these weights, for the plan's precision; `.int8` needs one.
    /// - Throws: `CalibrationError` when the plan has integers and no calibration is given, or one that says
    ///   otherwise than the plan.
    public init(
        _ plan: Plan, _ matched: WeightSource.Matched, origin: String,
        calibration: Calibration? = nil
    ) throws {
        try Self.check(calibration, for: plan)
        let packer = WeightPacker(matched.weights, plan, calibration: calibration)
        self.plan = plan
        self.origin = origin
        keptWeights = nil
        self.calibration = calibration?.json
        values = { packer.values(of: $0) }
    }

    private static func check(_ calibration: Calibration?, for plan: Plan) throws {
        let (name, target) = (plan.network.name, plan.target)
        guard let calibration else {
            guard target.precision != .int8 else {
                throw CalibrationError("\(name): a plan with integers needs a calibration")
            }
            return
        }
        guard calibration.precision == target.precision else {
            throw CalibrationError(
                "\(name): the calibration is for \(calibration.precision.rawValue), the plan for "
                    + "\(target.precision.rawValue)")
        }
        guard calibration.kept == target.kept else {
            throw CalibrationError(
                "\(name): the plan and the calibration keep other layers wider; plan for those that the "
                    + "calibration keeps")
        }
    }

    /// The library of another plan for the network of an existing library, whose weights it takes over
    /// bit by bit: packed weights know no schedule.
    ///
    /// - Parameter weights: of the existing library; its folder may be the one that is written.
    public init(_ plan: Plan, keeping weights: PackedWeights) {
        self.plan = plan
        origin = weights.origin
        keptWeights = weights.path
        calibration = weights.calibration
        values = { try weights.values(of: $0) }
    }

    /// A library whose values somebody else has at hand.
    package init(
        _ plan: Plan, origin: String, values: @escaping @Sendable (PackedTensor) throws -> [Float]
    ) {
        self.plan = plan
        self.origin = origin
        keptWeights = nil
        calibration = nil
        self.values = values
    }

    /// Writes the library to `folder`, which is new, empty, or a library that HiLo wrote earlier
    /// and that is replaced as a whole; a link to a folder stays one.
    ///
    /// Everything is written beside the folder and moved into place at the end: it holds the old
    /// library or the new one, never half of it. Cancelling the task leaves it as it was.
    ///
    /// - Parameter force: replaces a library also where somebody added or changed files in it.
    /// - Throws: `LibraryError.cannotWrite`; `CancellationError`.
    @discardableResult
    public func write(to folder: URL, force: Bool = false) throws -> GeneratedLibrary {
        let output = try OutputFolder(
            OutputPlace(folder, for: plan, keeping: keptWeights, isForced: force))
        do {
            for file in Generator(plan).files() {
                try Task.checkCancellation()
                try output.write(file.path, Data(file.contents.utf8))
            }
            if let calibration {
                try output.write(Calibration.fileName, Data(calibration.utf8))
            }
            try output.write(GeneratedLibrary.weightsPath(plan)) { try writeWeights(to: $0) }
            try output.writeList()
            try Task.checkCancellation()
            try output.commit()
        } catch {
            output.discard()
            throw error
        }
        return GeneratedLibrary(folder: folder, plan: plan)
    }

    /// Writes the packed weights alone.
    package func writeWeights(to file: URL) throws {
        let blocks = Dictionary(uniqueKeysWithValues: plan.weights.map { ($0.name, $0) })
        let writer = try SafetensorsWriter(
            tensors: plan.weights.map {
                .init(name: $0.name, elementType: .float32, shape: [$0.count])
            },
            metadata: [
                // The library finds the fingerprint at the very beginning of the header.
                "fingerprint": plan.fingerprint, "format": "hilo-packed", "origin": origin,
                PackedWeights.checksum: Checksum.none,
            ],
            keepingOrder: true)
        try writer.write(to: file.path, checksum: PackedWeights.checksum) { tensor in
            try Task.checkCancellation()
            guard let block = blocks[tensor.name] else { return Data() }
            return try values(block).withUnsafeBytes { Data($0) }
        }
    }
}
