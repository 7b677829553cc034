import FileIO
import HiLoKit

/// What `inspect` shows of a checkpoint or of packed weights.
struct CheckpointSummary: Summary {
    struct Tensor: Encodable {
        let name, type: String
        let shape: [Int]
    }

    let path, format: String
    /// Learned scalars: without running statistics and counters.
    let parameters: Int
    /// Of packed weights.
    let fingerprint, origin: String?
    /// What a training checkpoint says of its network.
    let configuration: String?
    /// Python names in the file that nothing is known about; they were not executed.
    let inertGlobals: [String]
    let tensors: [Tensor]

    init(_ checkpoint: Checkpoint) {
        path = checkpoint.path
        let isPacked = checkpoint.metadata["format"] == "hilo-packed"
        format = isPacked ? "packed weights (safetensors)" : checkpoint.format.description
        fingerprint = isPacked ? checkpoint.metadata["fingerprint"] : nil
        origin = isPacked ? checkpoint.metadata["origin"] : nil
        configuration = Self.configuration(of: checkpoint)
        inertGlobals = checkpoint.opaqueGlobals
        let records = checkpoint.tensors.values.sorted { $0.name < $1.name }
        tensors = records.map {
            Tensor(name: $0.name, type: $0.elementType.rawValue, shape: $0.shape)
        }
        parameters =
            records
            .filter {
                $0.elementType.isFloatingPoint && !Parameter($0.name, $0.shape).isStatistic
            }
            .reduce(0) { $0 + $1.count }
    }

    private static func configuration(of checkpoint: Checkpoint) -> String? {
        do {
            return try LITv2(configurationOf: checkpoint).map { $0.summary }
        } catch {
            return "not of a LITv2: \(error)"
        }
    }

    var text: String {
        var table = Table([("tensor", .left), ("type", .left), ("shape", .left)])
        for tensor in tensors { table.add([tensor.name, tensor.type, shapeText(tensor.shape)]) }
        let facts: [(String, String?)] = [
            ("format", format), ("fingerprint", fingerprint), ("origin", origin),
            ("configuration", configuration), ("tensors", "\(tensors.count)"),
            (fingerprint == nil ? "parameters" : "floats, with padding", "\(parameters)"),
            ("inert globals", inertGlobals.isEmpty ? nil : inertGlobals.joined(separator: ", ")),
        ]
        let lines = facts.compactMap { name, value in value.map { "\(name): \($0.printable)" } }
        return ([path.printable] + lines + ["", table.text]).joined(separator: "\n")
    }
}
