import Foundation
import Graphs
import Kernels
import Machines
import Networks

// A plan as text: one kernel, one step and one block of weights a line, so that a person can read it.

extension Plan {
    /// The plan as text, with stable key order.
    public var json: String {
        """
        {
          "format": \(Plan.formatVersion),
          "network": \(line(network)),
          "target": \(line(target)),
          "resolutions": \(line(resolutions.map(\.description))),
          "weights": [
        \(lines(weights.map { line("\($0.name): \($0.count) at \($0.offset)") }, indent: 4))
          ],
          "variants": [
        \(variants.map(\.json).joined(separator: ",\n"))
          ]
        }

        """
    }

    /// Reads and checks a plan.
    ///
    /// Everything in a plan but the schedules follows from network and target, so it is planned again
    /// with its schedules: a plan that was damaged or comes from another version differs from its own
    /// reconstruction.
    ///
    /// - Throws: `PlanError` when the text is not a plan of this version; `NetworkError`.
    public init(json: Data) throws {
        let contents = try Self.decode(json)
        try contents.network.check()
        try contents.target.check()
        let decisions = Decisions(
            Dictionary(
                contents.variants.map { ($0.isa, $0.kernels) }, uniquingKeysWith: { $1 }))
        self = try Planner(
            contents.network, contents.target,
            resolutions: contents.resolutions.map { try Resolution(parsing: $0) },
            decisions: decisions
        ).plan()
        guard try Self.canonical(json) == Self.canonical(Data(self.json.utf8)) else {
            throw PlanError(
                "the plan is not consistent: its steps, offsets or weights do not follow from its "
                    + "network and schedules; generate it again")
        }
    }
}

// MARK: - Writing

extension Variant {
    fileprivate var json: String {
        """
            {
              "isa": \(line(isa)),
              "kernels": [
        \(lines(kernels.map { line($0) }, indent: 8))
              ],
              "passes": [
        \(passes.map(\.json).joined(separator: ",\n"))
              ]
            }
        """
    }
}

extension Pass {
    fileprivate var json: String {
        """
                {
                  "resolution": \(line(resolution.description)),
                  "arenaBytes": \(arenaBytes),
                  "scratchBytes": \(scratchBytes),
                  "imagesPerThread": \(imagesPerThread),
                  "steps": [
        \(lines(steps.map { line($0) }, indent: 12))
                  ]
                }
        """
    }
}

extension Step: Encodable {
    private enum CodingKeys: String, CodingKey { case kernel, label, inputs, outputs, weights }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(kernel, forKey: .kernel)
        try container.encode(label, forKey: .label)
        try container.encode(inputs.map(\.description), forKey: .inputs)
        try container.encode(outputs.map(\.description), forKey: .outputs)
        try container.encode(weights.map(\.description), forKey: .weights)
    }
}

/// `arena 1024 + 96`: 96 bytes behind the beginning of the map at byte 1024.
extension Place: CustomStringConvertible {
    public var description: String {
        let start =
            switch base {
            case .input: "input"
            case .output(let index): "output \(index)"
            case .arena(let offset): "arena \(offset)"
            case .lent(let output, let offset): "lent by output \(output) \(offset)"
            }
        let maps = before.map(\.name).joined(separator: " ")
        return start + (column == 0 ? "" : " + \(column)")
            + (before.isEmpty ? "" : " + \(tokenBytes) a token of \(maps)")
    }
}

extension WeightPlace: CustomStringConvertible {
    public var description: String { offset == 0 ? "\(block)" : "\(block) + \(offset)" }
}

private func line(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else {
        preconditionFailure("a checked plan holds only finite numbers, so it can be encoded")
    }
    return String(decoding: data, as: UTF8.self)
}

private func lines(_ lines: [String], indent: Int) -> String {
    lines.map { String(repeating: " ", count: indent) + $0 }.joined(separator: ",\n")
}

// MARK: - Reading

extension Plan {
    private struct Version: Decodable {
        let format, formatVersion: Int?
    }

    private struct Contents: Decodable {
        struct Variant: Decodable {
            let isa: ISA
            let kernels: [Kernel]
        }

        let network: Network
        let target: Target
        let resolutions: [String]
        let variants: [Variant]
    }

    private static func decode(_ json: Data) throws -> Contents {
        do {
            let version = try JSONDecoder().decode(Version.self, from: json)
            guard let found = version.format ?? version.formatVersion else {
                throw PlanError("not a plan: it has no 'format'")
            }
            guard found == formatVersion else {
                throw PlanError(
                    "the plan has format version \(found), this HiLo reads \(formatVersion); "
                        + "generate it again")
            }
            return try JSONDecoder().decode(Contents.self, from: json)
        } catch let error as DecodingError {
            throw PlanError("not a plan: \(error.explanation)")
        }
    }

    /// What a text says, however it is written: without spaces, and members in order.
    ///
    /// Objects of Foundation's would compare too, but not where its runtime is linked statically, which
    /// leaves their values unbridged.
    private static func canonical(_ json: Data) throws -> Data {
        do {
            let value = try JSONSerialization.jsonObject(with: json)
            return try JSONSerialization.data(withJSONObject: value, options: .sortedKeys)
        } catch {
            throw PlanError("not a plan: no JSON")
        }
    }
}
