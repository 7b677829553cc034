extension Checkpoint {
    /// The values of exactly the tensors that a network needs, as `Float`.
    ///
    /// What wrappers put before and within names (`module.`, `backbone.`, `_orig_mod.`) is taken
    /// off: the prefix is the one with which most names are the network's. Counters of training
    /// are ignored, and what cannot be weights is no more than left over.
    ///
    /// - Parameters:
    ///   - expected: names and shapes; names are distinct.
    ///   - optional: names of `expected` that the checkpoint may lack.
    ///   - allowingUnused: whether the checkpoint may hold more, such as a detection head.
    /// - Returns: the weights, the names in the file of tensors that were left over, and the
    ///   optional names that it lacks, both sorted.
    /// - Throws: one `CheckpointError` that lists all missing, unexpected and misshapen tensors, or
    ///   all that have values which are not finite.
    public func weights(
        matching expected: [ExpectedTensor], optional: Set<String> = [],
        allowingUnused: Bool = false
    ) throws -> (weights: Weights, unused: [String], absent: [String]) {
        let matching = NameMatching(
            names: names + unread.keys, expected: Set(expected.map(\.name)))
        let absent = optional.filter { matching.fileNames[$0] == nil }
        let expected = expected.filter { !absent.contains($0.name) }
        let surplus = allowingUnused ? [] : matching.unused.compactMap { unexpected($0) }
        let problems = misfits(expected, matching) + surplus
        guard problems.isEmpty else { throw mismatch(problems, expected, matching) }
        return (Weights(try values(of: expected, matching)), matching.unused, absent.sorted())
    }

    /// Names that its tensors may stand for: as they are, and without any prefix.
    public var possibleNames: Set<String> {
        names.reduce(into: []) { possible, name in
            possible.insert(name)
            possible.formUnion(NameMatching.suffixes(of: NameMatching.unwrapped(name)))
        }
    }

    /// Shapes of its tensors by what their names are behind a prefix, which is what stands before a name
    /// that all networks of a kind have.
    ///
    /// - Parameter landmark: such a name, `patch_embed.proj.weight`.
    /// - Returns: nil when no name ends so; of several prefixes the shortest is taken.
    public func shapes(behindPrefixOf landmark: String) -> [String: [Int]]? {
        let plain = names.map { (file: $0, plain: NameMatching.unwrapped($0)) }
        let prefixes = plain.map(\.plain)
            .filter { $0 == landmark || $0.hasSuffix("." + landmark) }
            .map { String($0.dropLast(landmark.count)) }
        guard let prefix = prefixes.min(by: { ($0.utf8.count, $0) < ($1.utf8.count, $1) }) else {
            return nil
        }
        var shapes: [String: [Int]] = [:]
        for (file, name) in plain where name.hasPrefix(prefix) {
            shapes[String(name.dropFirst(prefix.count))] = tensors[file]?.shape
        }
        return shapes
    }

    /// Whether a tensor counts batches or operations of a training run and is no weight.
    public static func isCounter(_ name: String) -> Bool { NameMatching.isCounter(name) }

    private func values(
        of expected: [ExpectedTensor], _ matching: NameMatching
    ) throws -> [String: [Float]] {
        var values: [String: [Float]] = [:]
        var problems: [String] = []
        for tensor in expected {
            guard let name = matching.fileNames[tensor.name] else { continue }
            let floats = try floats(name)
            if let index = floats.firstIndex(where: { !$0.isFinite }) {
                let place = position(index, in: tensor.shape)
                problems.append("\(name): \(floats[index]) at \(place)")
            }
            values[tensor.name] = floats
        }
        guard problems.isEmpty else {
            throw CheckpointError(
                path: path,
                flaw: Flaw(
                    kind: .unsupported, problem: "has weights that are not finite numbers",
                    expected: "numbers within the range of float32", details: problems,
                    hint: "use a checkpoint from before the training diverged"))
        }
        return values
    }

    /// `[2, 0]`: the indices of a row-major element.
    private func position(_ index: Int, in shape: [Int]) -> [Int] {
        var rest = index
        let indices = shape.reversed().map { size -> Int in
            defer { rest /= size }
            return rest % size
        }
        return indices.reversed()
    }

    private func mismatch(
        _ problems: [String], _ expected: [ExpectedTensor], _ matching: NameMatching
    ) -> CheckpointError {
        let prefix = matching.prefix.isEmpty ? "" : ", here named '\(matching.prefix)…'"
        let others = stateDictionaries.filter { $0 != stateDictionary && !$0.isEmpty }.prefix(20)
        let choice =
            others.isEmpty
            ? "" : "; the file holds other state_dicts: \(others.joined(separator: ", "))"
        return CheckpointError(
            path: path,
            flaw: Flaw(
                kind: .mismatch,
                problem: "its \(tensors.count) tensors do not fit the network: "
                    + "\(problems.count) of them differ",
                expected: "the \(expected.count) tensors of the network\(prefix)",
                details: problems,
                hint: "check that model, alpha, classes and task are those of the checkpoint"
                    + choice))
    }

    /// One line for each expected tensor that is missing or of another shape or kind.
    private func misfits(_ expected: [ExpectedTensor], _ matching: NameMatching) -> [String] {
        expected.sorted { $0.name < $1.name }.compactMap { tensor in
            let shape = describe(shape: tensor.shape)
            guard let fileName = matching.fileNames[tensor.name] else {
                return "missing: \(tensor.name), expected \(shape)"
            }
            guard let record = tensors[fileName] else {
                return "wrong type: \(fileName), expected floating point, "
                    + "found \(unread[fileName] ?? "nothing")"
            }
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

    /// A line for a tensor that belongs to another network; nil when it cannot be weights at all.
    private func unexpected(_ name: String) -> String? {
        guard let record = tensors[name], record.elementType.isFloatingPoint else { return nil }
        return "unexpected: \(name), found \(describe(shape: record.shape))"
    }
}
