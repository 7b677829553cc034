import Networks
import Reference
import TestFixtures
import Testing

/// Reproducible real-valued weights and maps for tests; `name` tells tensors apart.
enum Seeded {
    static func values(_ name: String, _ count: Int, center: Double = 0) -> [Float] {
        SeededValues(seed: 7, name: name).values(count, center: center)
    }

    static func map(
        _ name: String = "map", height: Int, width: Int, channels: Int, center: Double = 0
    ) -> TokenMap {
        let values = values(name, height * width * channels, center: center)
        return TokenMap(
            height: height, width: width, channels: channels, values: values.map { Double($0) })
    }

    static func affine(_ name: String, fanIn: Int = 1, outputs: Int) -> Affine {
        Affine(
            weight: values(name + ".weight", fanIn * outputs),
            bias: values(name + ".bias", outputs))
    }

    static func hiFi(dim: Int, high: Int) -> SelfAttentionWeights {
        SelfAttentionWeights(
            qkv: affine("h_qkv", fanIn: dim, outputs: 3 * high),
            projection: affine("h_proj", fanIn: high, outputs: high))
    }

    static func selfAttention(dim: Int) -> SelfAttentionWeights {
        SelfAttentionWeights(
            qkv: affine("qkv", fanIn: dim, outputs: 3 * dim),
            projection: affine("proj", fanIn: dim, outputs: dim))
    }

    static func loFi(dim: Int, low: Int) -> LoFiWeights {
        LoFiWeights(
            query: affine("l_q", fanIn: dim, outputs: low),
            keyValue: affine("l_kv", fanIn: dim, outputs: 2 * low),
            projection: affine("l_proj", fanIn: low, outputs: low))
    }
}

extension LITv2Reference {
    /// With weights by their names; what is not among them is missing.
    init(_ network: LITv2, _ weights: [String: [Float]]) {
        self.init(network, ParameterReader(network: network.name) { weights[$0] ?? [] })
    }
}

extension TokenMap {
    func token(_ index: Int) -> [Double] {
        Array(values[index * channels..<(index + 1) * channels])
    }

    var tokens: [[Double]] { (0..<count).map(token) }
}

extension Affine {
    /// W·x + b for one token, and only for the given outputs.
    func applied(to token: [Double], outputs: Range<Int>) -> [Double] {
        outputs.map { output in
            var sum = Double(bias?[output] ?? 0)
            for (input, value) in token.enumerated() {
                sum += Double(weight[output * token.count + input]) * value
            }
            return sum
        }
    }
}

func expectClose(
    _ found: [Double], _ expected: [Double], within tolerance: Double = 1e-12,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(found.count == expected.count, sourceLocation: sourceLocation)
    // A NaN has no difference that is small, and is close to NaN alone.
    let isFar = { (pair: (Double, Double)) in
        pair.1.isNaN ? !pair.0.isNaN : !(abs(pair.0 - pair.1) <= tolerance)
    }
    let far = zip(found, expected).enumerated().first { isFar($0.element) }
    #expect(
        far == nil, "value \(far?.offset ?? 0): \(far?.element as Any)",
        sourceLocation: sourceLocation)
}

/// Differences relative to values above 1, absolute below.
func expectAgreement(
    _ found: [Double], _ expected: [Double], within tolerance: Double = 1e-12,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(!expected.isEmpty, sourceLocation: sourceLocation)
    let scales = expected.map { abs($0) > 1 ? abs($0) : 1 }
    expectClose(
        zip(found, scales).map(/) + found.dropFirst(scales.count), zip(expected, scales).map(/),
        within: tolerance, sourceLocation: sourceLocation)
}

/// Mean, mean magnitude and largest magnitude: all numbers count, also those that are not stored.
/// Without any they are 0.
func expectStatistics(
    of values: [Double], _ expected: MapStatistics,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let values = values.filter { !$0.isNaN }
    let magnitudes = values.map(abs)
    let count = Double(max(1, values.count))
    expectAgreement(
        [values.reduce(0, +) / count, magnitudes.reduce(0, +) / count, magnitudes.max() ?? 0],
        [expected.mean, expected.meanAbs, expected.maxAbs], sourceLocation: sourceLocation)
}

extension Array {
    /// `parts` arrays of equal size.
    func split(into parts: Int) -> [[Element]] {
        let size = count / parts
        return (0..<parts).map { Array(self[$0 * size..<($0 + 1) * size]) }
    }
}
