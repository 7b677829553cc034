import Planning

extension SearchSpace {
    /// Taller bands and more strips than these have not been seen to win.
    private static let bands = [1, 2, 3, 4, 6, 8, 12, 16]
    private static let stripCounts = [1, 2, 3, 4, 6, 8, 12, 16, 24]

    func convFFNs(_ shape: ConvFFN.Shape) -> [Kernel] {
        let model = CostModel(isa: target.isa).tiling(for: shape)
        let bands = Set(Self.bands + [model?.band ?? 1]).filter { $0 <= shape.map.height }
        let strips = Set(
            Self.stripCounts.map { (shape.map.width + $0 - 1) / $0 } + [model?.strip ?? 1])
        let widths = fusedPanels[shape].map { [$0] } ?? Array(1...Self.mostVectors)
        return widths.flatMap { vectors in
            (1...(target.isa.registers / vectors)).flatMap { rows in
                bands.sorted().flatMap { band in
                    strips.sorted().compactMap { strip in
                        let tiling = ConvFFN.Tiling(
                            rows: rows, vectors: vectors, band: band, strip: strip)
                        return (try? ConvFFN(shape, tiling, isa: target.isa)).map { .convFFN($0) }
                    }
                }
            }
        }
    }
}
