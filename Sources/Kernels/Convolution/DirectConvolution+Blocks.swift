import Graphs

extension DirectConvolution {
    /// How the maps of a convolution are cut into blocks.
    struct Blocks: Sendable {
        struct Map: Sendable {
            let inputHeight, inputWidth, height, width: Int
            /// Tokens of the output in a block, down and across; the last ones may be smaller.
            let band, strip: Int
            /// Blocks, and tokens of the input and the output, of the maps before it.
            let block, input, output: Int

            var bands: Int { height.dividedRoundingUp(by: band) }
            var strips: Int { width.dividedRoundingUp(by: strip) }
            var blocks: Int { bands * strips }

            /// Tokens across, of all strips.
            var stripWidths: [Int] {
                Array(repeating: strip, count: strips - 1) + [width - (strips - 1) * strip]
            }
        }

        let maps: [Map]
        /// Tokens of the output in the largest block; where maps may have any size, the most that
        /// are possible.
        let height, width: Int
        /// Of all maps, once.
        var count: Int { maps.reduce(0) { $0 + $1.blocks } }

        init(_ spec: Spec, _ how: Schedule) {
            var maps: [Map] = []
            var (block, input, output) = (0, 0, 0)
            for map in spec.maps.maps {
                let result = map.dividedRoundingUp(by: spec.stride)
                maps.append(
                    Map(
                        inputHeight: map.height, inputWidth: map.width, height: result.height,
                        width: result.width, band: Self.part(of: result.height, most: how.height),
                        strip: Self.part(of: result.width, most: how.width, unit: how.rows),
                        block: block, input: input, output: output))
                block += maps[maps.count - 1].blocks
                input += map.count
                output += result.count
            }
            self.maps = maps
            let isFlexible = spec.maps.isFlexible
            height = isFlexible ? how.height : maps.map(\.band).max() ?? 0
            width = isFlexible ? how.width : maps.map(\.strip).max() ?? 0
        }

        /// Equal parts of at most `most`, or whole tiles where these fit.
        private static func part(of whole: Int, most: Int, unit: Int = 1) -> Int {
            let even = whole.dividedRoundingUp(by: whole.dividedRoundingUp(by: most))
            let rounded = even.rounded(upTo: unit)
            return even < whole && rounded <= most ? rounded : even
        }
    }

    /// Tokens of the tiles that make a row of so many: equally many, or nearly.
    static func tiles(ofWidth width: Int, most: Int) -> [Int] {
        let count = width.dividedRoundingUp(by: most)
        return (0..<count).map { width / count + ($0 < width % count ? 1 : 0) }
    }
}
