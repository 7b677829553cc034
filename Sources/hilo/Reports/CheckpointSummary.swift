import FileIO
import HiLoKit

/// What `inspect` shows of a checkpoint or of packed weights.
struct CheckpointSummary: Summary {
    struct Tensor: Encodable {
        let name, type: String
        let shape: [Int]
    }

    struct Unread: Encodable {
        let name, content: String
    }

    let path, format: String
    /// Where the tensors were in a torch file; nil when the file itself is a state_dict.
    let stateDict: String?
    /// Where else it has state_dicts.
    let otherStateDicts: [String]
    /// Learned scalars: without running statistics and counters.
    let parameters: Int
    /// Of packed weights.
    let fingerprint, origin: String?
    /// What a training checkpoint says of its network.
    let configuration: String?
    /// Python names in the file that nothing is known about; they were not executed.
    let inertGlobals: [String]
    let tensors: [Tensor]
    /// What stands beside them and cannot be weights.
    let unread: [Unread]

    init(_ checkpoint: Checkpoint) {
        path = checkpoint.path
        let isPacked = checkpoint.metadata["format"] == "hilo-packed"
        format = isPacked ? "packed weights (safetensors)" : checkpoint.format.description
        fingerprint = isPacked ? checkpoint.metadata["fingerprint"] : nil
        origin = isPacked ? checkpoint.metadata["origin"] : nil
        stateDict = checkpoint.stateDictionary.flatMap { $0.isEmpty ? nil : $0 }
        otherStateDicts = checkpoint.stateDictionaries.filter {
            $0 != checkpoint.stateDictionary && !$0.isEmpty
        }
        unread = checkpoint.unread.sorted { $0.key < $1.key }
            .map { Unread(name: $0.key, content: $0.value) }
        configuration = Self.configuration(of: checkpoint)
        inertGlobals = checkpoint.opaqueGlobals
        let records = checkpoint.tensors.values.sorted { $0.name < $1.name }
        tensors = records.map {
            Tensor(name: $0.name, type: $0.elementType.rawValue, shape: $0.shape)
        }
        parameters =
            records
            .filter {
                $0.elementType.isFloatingPoint && !Checkpoint.isCounter($0.name)
                    && !Parameter($0.name, $0.shape).isStatistic
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
            ("format", format), ("state_dict", stateDict),
            ("other state_dicts", list(otherStateDicts)),
            ("fingerprint", fingerprint), ("origin", origin),
            ("configuration", configuration), ("tensors", "\(tensors.count)"),
            (fingerprint == nil ? "parameters" : "floats, with padding", "\(parameters)"),
            ("inert globals", list(inertGlobals)),
        ]
        let lines = facts.compactMap { name, value in value.map { "\(name): \($0.printable)" } }
        let rest = unread.map { "not read: \($0.name.printable), \($0.content.printable)" }
        return ([path.printable] + lines + rest + ["", table.text]).joined(separator: "\n")
    }

    private func list(_ names: [String]) -> String? {
        names.isEmpty ? nil : names.joined(separator: ", ")
    }
}
