/// Heights of the tiles below the last full one, so that any multiple of `rows` is covered exactly.
func lowTiles(rows: Int, tile: Int) -> [Int] {
    if rows % tile == 0 { return [] }
    // Each multiple adds the same rest, so the rests are multiples of the common divisor.
    let unit = greatestCommonDivisor(rows, tile)
    if tile / unit <= 4 {
        return stride(from: tile - unit, to: 0, by: -unit).map { $0 }
    }
    return [16, 8, 4, 2, 1].filter { $0 < tile }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    b == 0 ? a : greatestCommonDivisor(b, a % b)
}
