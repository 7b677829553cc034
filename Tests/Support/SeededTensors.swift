import Networks

/// The weights of a seeded case by their names.
public func seededWeights(_ parameters: [Parameter], seed: UInt64) -> [String: [Float]] {
    Dictionary(
        uniqueKeysWithValues: parameters.map { ($0.name, $0.seededValues(seed: seed)) })
}

/// The inputs of a seeded case, one array of `count` values for each image of the batch.
public func seededInputs(batch: Int, count: Int, seed: UInt64) -> [[Float]] {
    let values = SeededValues(seed: seed, name: "input").values(batch * count, scale: 2)
    return (0..<batch).map { Array(values[$0 * count..<($0 + 1) * count]) }
}
