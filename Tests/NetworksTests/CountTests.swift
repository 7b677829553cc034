import Graphs
import Networks
import Testing

/// The tables that the authors' own `flops()` and `numel()` print (LITv2 paper and repository).
@Suite struct CountTests {
    struct Row: Sendable {
        let preset: Preset
        let side: Int
        let alpha: Double
        let parameters: Int
        let macs: Int
    }

    static let table = [
        Row(preset: .small, side: 224, alpha: 0.9, parameters: 27_844_000, macs: 3_734_401_596),
        Row(preset: .medium, side: 224, alpha: 0.9, parameters: 48_830_368, macs: 7_479_237_180),
        Row(preset: .base, side: 224, alpha: 0.9, parameters: 86_520_704, macs: 13_193_561_148),
        Row(preset: .base, side: 384, alpha: 0.9, parameters: 86_520_704, macs: 39_709_486_528),
        Row(preset: .small, side: 224, alpha: 0.0, parameters: 28_089_760, macs: 3_965_462_076),
        Row(preset: .small, side: 224, alpha: 0.2, parameters: 27_844_000, macs: 3_880_714_812),
        Row(preset: .small, side: 224, alpha: 0.4, parameters: 27_696_544, macs: 3_815_235_132),
        Row(preset: .small, side: 224, alpha: 0.5, parameters: 27_647_392, macs: 3_769_023_036),
        Row(preset: .small, side: 224, alpha: 0.7, parameters: 27_696_544, macs: 3_742_078_524),
        Row(preset: .small, side: 224, alpha: 1.0, parameters: 28_089_760, macs: 3_745_992_252),
    ]

    @Test(arguments: table) func presetsCountAsTheAuthorsDo(row: Row) throws {
        let network = Network(
            try row.preset.network(
                resolution: Resolution(height: row.side, width: row.side), alpha: row.alpha))
        #expect(network.parameterCount == row.parameters)
        #expect(network.macs == row.macs)
    }

    @Test func singleLayer() throws {
        let layer = try HiLo(dim: 384, heads: 12, window: 2, alpha: 0.5)
        #expect(Network(layer).macs == 83_467_776)
    }

    @Test(arguments: [(0.0, 0), (0.2, 2), (0.4, 4), (0.5, 6), (0.7, 8), (0.9, 10), (1.0, 12)])
    func loFiHeadsTruncate(alpha: Double, heads: Int) {
        #expect(HiLoAttention(heads: 12, window: 2, alpha: alpha).loFiHeads == heads)
    }
}
