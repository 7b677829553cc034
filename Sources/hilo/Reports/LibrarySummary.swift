import Foundation
import HiLoKit

/// What `inspect` shows of a generated library.
struct LibrarySummary: Summary {
    struct Part: Encodable {
        let part: String
        let parameters, macs: Int
    }

    struct PlanSummary: Encodable {
        let isa, precision: String
        /// Layers among those of integers.
        let keptInBF16, keptInF32: [String]
        let maxBatch, kernels, steps, macs: Int
        /// Working memory of one image, and of one thread.
        let arenaBytes, imagesPerThread, scratchBytes: Int
        let weightBytes: Int
    }

    struct File: Encodable {
        let path: String
        let bytes: Int
    }

    let name, summary: String
    let resolutions: [String]
    /// At the first resolution.
    let inputShape: [Int]
    let outputShapes: [[Int]]
    let parameters, macs: Int
    let parts: [Part]
    let plan: PlanSummary
    let fingerprint, origin: String
    let files: [File]

    /// - Throws: `CheckpointError` or `LibraryError` when the weights are not the library's.
    init(_ library: GeneratedLibrary) throws {
        let plan = library.plan
        let network = plan.network
        name = network.name
        summary = network.summary
        resolutions = plan.resolutions.map(\.description)
        (inputShape, outputShapes) = (network.inputShape, network.outputShapes)
        (parameters, macs) = (network.parameterCount, network.macs)
        parts = network.costs.map { Part(part: $0.part, parameters: $0.parameters, macs: $0.macs) }
        let (variant, pass) = library.bestPass()
        self.plan = PlanSummary(
            isa: plan.target.isas.map(\.name).joined(separator: ", "),
            precision: plan.target.precision.rawValue,
            keptInBF16: plan.target.layers(keptIn: .bf16),
            keptInF32: plan.target.layers(keptIn: .f32),
            maxBatch: plan.target.maxBatch, kernels: variant.kernels.count, steps: pass.steps.count,
            macs: variant.macs(of: pass), arenaBytes: pass.arenaBytes,
            imagesPerThread: pass.imagesPerThread, scratchBytes: pass.scratchBytes,
            weightBytes: 4 * plan.weightFloats)
        fingerprint = plan.fingerprint
        origin = try PackedWeights(of: library).origin
        files = [
            library.weightsFile, library.staticLibrary, library.sharedLibrary, library.harness,
        ].compactMap { file in
            let facts = try? FileManager.default.attributesOfItem(atPath: file.path)
            return (facts?[.size] as? NSNumber).map {
                File(path: file.lastPathComponent, bytes: $0.intValue)
            }
        }
    }

    private var groupText: String {
        plan.imagesPerThread == 0
            ? "one at a time" : "of which a thread has \(plan.imagesPerThread)"
    }

    var text: String {
        var table = Table([("part", .left), ("parameters", .right), ("MMACs", .right)])
        for part in parts { table.add([part.part, "\(part.parameters)", millions(part.macs)]) }
        table.add(["total", "\(parameters)", millions(macs)])
        return
            ([
                "\(name): \(summary)",
                "input \(shapeText(inputShape)), output "
                    + outputShapes.map(shapeText).joined(separator: ", "),
            ]
            + (resolutions.count > 1
                ? ["resolutions \(resolutions.joined(separator: ", "))"] : []) + [
                "", table.text, "",
                "plan: \(plan.isa), \(plan.precision), batch up to \(plan.maxBatch); "
                    + "\(plan.kernels) kernels in \(plan.steps) steps, \(millions(plan.macs)) MMACs",
                "memory: \(byteCount(plan.arenaBytes)) an image in work, \(groupText); "
                    + "\(byteCount(plan.scratchBytes)) a thread; "
                    + "\(byteCount(plan.weightBytes)) of weights",
                "weights: fingerprint \(fingerprint), origin \(origin)",
            ] + plan.keptInBF16.map { "in bf16: \($0)" }
            + plan.keptInF32.map { "in f32: \($0)" }
            + files.map { "\($0.path): \(byteCount($0.bytes))" }).joined(separator: "\n")
    }
}
