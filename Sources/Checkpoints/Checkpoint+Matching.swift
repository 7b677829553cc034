extension Checkpoint {
    /// The values of exactly the tensors that a network needs, as `Float`.
    ///
    /// Prefixes that wrappers put before all names (`module.`, `backbone.`) are taken off, and
    /// BatchNorm's `num_batches_tracked` counters are ignored.
    ///
    /// - Parameters:
    ///   - expected: names and shapes; names are distinct.
    ///   - optional: names of `expected` that the checkpoint may lack.
    ///   - allowingUnused: whether the checkpoint may hold more, such as a detection head.
    /// - Returns: the weights, the names in the file of tensors that were left over, and the
    ///   optional names that it lacks, both sorted.
    /// - Throws: one `CheckpointError` that lists all missing, unexpected and misshapen tensors.
    public func weights(
        matching expected: [ExpectedTensor], optional: Set<String> = [],
        allowingUnused: Bool = false
    ) throws -> (weights: Weights, unused: [String], absent: [String]) {
        let matching = NameMatching(names: names, expected: Set(expected.map(\.name)))
        let absent = optional.filter { matching.fileNames[$0] == nil }
        let expected = expected.filter { !absent.contains($0.name) }
        let misfits = misfits(expected, matching)
        let problems =
            misfits + (allowingUnused ? [] : matching.unused.map { "unexpected: \(summary($0))" })
        guard problems.isEmpty else {
            throw CheckpointError(
                path: path,
                flaw: Flaw(
                    kind: .mismatch,
                    problem: "its \(tensors.count) tensors do not fit the network: "
                        + "\(problems.count) of them differ",
                    expected: "the \(expected.count) tensors of the network",
                    details: problems,
                    hint: "check that model, alpha, classes and task are those of the checkpoint"))
        }
        var values: [String: [Float]] = [:]
        for tensor in expected {
            values[tensor.name] = try matching.fileNames[tensor.name].map(floats)
        }
        return (Weights(values), matching.unused, absent.sorted())
    }

    /// Names that its tensors may stand for: as they are, and without the prefixes of wrappers.
    public var possibleNames: Set<String> {
        NameMatching.prefixes.reduce(into: []) { possible, prefix in
            let wrapped = names.filter { $0.hasPrefix(prefix) }
            possible.formUnion(wrapped.map { String($0.dropFirst(prefix.count)) })
        }
    }

    /// One line for each expected tensor that is missing or of another shape or kind.
    private func misfits(_ expected: [ExpectedTensor], _ matching: NameMatching) -> [String] {
        expected.sorted { $0.name < $1.name }.compactMap { tensor in
            let shape = describe(shape: tensor.shape)
            guard let fileName = matching.fileNames[tensor.name],
                let record = tensors[fileName]
            else { return "missing: \(tensor.name), expected \(shape)" }
            if record.shape != tensor.shape {
                return "wrong shape: \(fileName), expected \(shape), "
                    + "found \(describe(shape: record.shape))"
            }
            if !record.elementType.isFloatingPoint {
                return "wrong type: \(fileName), expected floating point, "
                    + "found \(record.elementType.rawValue)"
            }
            return nil
        }
    }

    private func summary(_ name: String) -> String {
        guard let record = tensors[name] else { return name }
        return "\(name), found \(describe(shape: record.shape))"
    }
}

/// Which tensor of a file stands for which of a network.
struct NameMatching {
    /// The file's name of each expected tensor that the file has.
    let fileNames: [String: String]
    /// Names of the file that stand for nothing, sorted; without counters.
    let unused: [String]

    /// DistributedDataParallel adds `module.`, detection and segmentation frameworks `backbone.`.
    fileprivate static let prefixes = [
        "", "module.", "backbone.", "module.backbone.", "backbone.module.",
    ]

    /// Chooses the prefix that makes most names match, of equals the shortest.
    init(names: [String], expected: Set<String>) {
        let candidates = Self.prefixes.map { Self.match(names, expected, prefix: $0) }
        // `max` would return the last of equals.
        let matches = candidates.reduce([:]) { $1.count > $0.count ? $1 : $0 }
        let used = Set(matches.values)
        fileNames = matches
        unused = names.filter { !used.contains($0) && !$0.hasSuffix("num_batches_tracked") }
            .sorted()
    }

    private static func match(
        _ names: [String], _ expected: Set<String>, prefix: String
    ) -> [String: String] {
        let pairs = names.compactMap { name -> (String, String)? in
            guard name.hasPrefix(prefix) else { return nil }
            let stripped = String(name.dropFirst(prefix.count))
            return expected.contains(stripped) ? (stripped, name) : nil
        }
        return Dictionary(pairs) { first, _ in first }
    }
}
