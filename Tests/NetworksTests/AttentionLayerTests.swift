import Graphs
import Networks
import Testing

/// Attention layers of other kinds than HiLo: what they are made of, and which there cannot be.
@Suite struct AttentionLayerTests {
    private let map = Resolution(height: 14, width: 14)

    /// 384 channels, 12 heads and 14×14 tokens, as the paper compares attentions.
    @Test func costsAreTheFormulas() throws {
        let (n, d) = (196, 384)
        let msa = Network(try MSA(dim: d, heads: 12, map: map))
        #expect(msa.macs == n * 4 * d * d + 2 * n * n * d)
        #expect(msa.parameterCount == 4 * d * d + 4 * d)
        let sra = Network(try SRA(dim: d, heads: 12, ratio: 2, map: map))
        #expect(sra.macs == 2 * n * d * d + 49 * 4 * d * d + 49 * 2 * d * d + 2 * n * 49 * d)
        #expect(sra.parameterCount == 4 * d * d + 4 * d + (4 * d * d + d) + 2 * d)
        let window = Network(
            try WindowMSA(dim: d, heads: 12, window: 7, hasPositionBias: true, map: map))
        #expect(window.macs == n * 4 * d * d + 2 * n * 49 * d)
        #expect(window.parameterCount == 4 * d * d + 4 * d + 13 * 13 * 12)
    }

    /// Windows that stick out of the map are computed whole.
    @Test func windowsBeyondTheMapCount() throws {
        let map = Resolution(height: 15, width: 14)
        let window = Network(try WindowMSA(dim: 12, heads: 2, window: 7, map: map))
        #expect(window.macs == 6 * 49 * (4 * 12 * 12 + 2 * 49 * 12))
    }

    @Test func aRatioOfOneReducesNothing() throws {
        let layer = try SRA(dim: 12, heads: 2, ratio: 1, qkvBias: false, map: map)
        #expect(
            layer.parameters.map(\.name) == ["q.weight", "kv.weight", "proj.weight", "proj.bias"])
        let names = layer.graph.nodes.map(\.label)
        #expect(!names.contains("patches") && !names.contains("norm"))
    }

    private func message(_ layer: () throws -> any NetworkFamily) -> String {
        do { return "accepted as \(try layer())" } catch { return "\(error)" }
    }

    @Test(arguments: [0, 65_537]) func channelsOutOfRange(dim: Int) {
        let expected = "dim is \(dim); 1 to 65536 are possible"
        #expect(message { try MSA(dim: dim, heads: 1) } == "msa: \(expected)")
        #expect(message { try SRA(dim: dim, heads: 1) } == "sra: \(expected)")
        #expect(message { try WindowMSA(dim: dim, heads: 1) } == "window: \(expected)")
    }

    @Test(arguments: [5, 0, -3]) func headsThatDoNotDivide(heads: Int) {
        let expected =
            "msa: 24 channels do not divide into \(heads) heads; choose heads that divide 24"
        #expect(message { try MSA(dim: 24, heads: heads) } == expected)
    }

    @Test func mapsOutOfRange() {
        let map = Resolution(height: 0, width: 14)
        #expect(
            message { try MSA(dim: 24, heads: 2, map: map) }
                == "msa: a map of 0x14 tokens; sides of 1 to 4096 are possible")
        #expect(
            message { try MSA(name: "for", dim: 24, heads: 2) }
                == "name 'for': reserved in C; choose another")
    }

    @Test(arguments: [0, -1, 4]) func ratiosOutOfRange(ratio: Int) {
        let map = Resolution(height: 9, width: 3)
        #expect(
            message { try SRA(dim: 24, heads: 2, ratio: ratio, map: map) }
                == "sra: a ratio of \(ratio): 1 to 3 are possible on a map of 9x3 tokens")
    }

    @Test(arguments: [(0, 0), (65, 0), (4, 4), (4, -1)])
    func windowsOutOfRange(window: Int, shift: Int) {
        let expected =
            shift == 0
            ? "window: window is \(window); 1 to 64 tokens are possible"
            : "window: shift is \(shift); 0 to 3 are possible with windows of 4 tokens"
        #expect(
            message { try WindowMSA(dim: 24, heads: 2, window: window, shift: shift) } == expected)
    }

    /// Weights fit whatever the map, the name or the shift, but no other table.
    @Test func identitiesAreThoseOfTheWeights() throws {
        func identity(_ window: Int, _ shift: Int, table: Bool, map: Resolution) throws
            -> NetworkIdentity
        {
            try WindowMSA(
                name: "w\(shift)", dim: 24, heads: 2, window: window, shift: shift,
                hasPositionBias: table, map: map
            ).identity
        }
        let other = Resolution(height: 5, width: 9)
        #expect(
            try identity(4, 0, table: true, map: map) == identity(4, 2, table: true, map: other))
        #expect(
            try identity(4, 0, table: true, map: map) != identity(5, 0, table: true, map: map))
        #expect(
            try identity(4, 0, table: false, map: map) == identity(5, 0, table: false, map: map))
        #expect(
            try identity(4, 0, table: true, map: map) != identity(4, 0, table: false, map: map))
    }
}
