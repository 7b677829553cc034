import Graphs
import Kernels
import TestFixtures

enum DirectConvolutionCases: FamilyCases {
    typealias Family = DirectConvolution

    static func specs(_ random: inout SeededGenerator) -> [DirectConvolution.Spec] {
        random.mapLists().flatMap { maps in
            [(1, false, (0, 0)), (2, true, (0, 0)), (1, true, (5, 3)), (2, false, (16, 8))].map {
                stride, isRectified, spread in
                let (channels, outputs) = (random.odd(1...45), random.odd(1...75))
                return DirectConvolution.Spec(
                    maps: maps, channels: channels, outputs: outputs, stride: stride,
                    isRectified: isRectified, inputStride: channels + spread.0,
                    outputStride: outputs + spread.1)
            }
        } + [
            DirectConvolution.Spec(
                maps: MapList([Resolution(height: 25, width: 42)]), channels: 64, outputs: 64,
                isRectified: true)
        ]
    }
}

extension SeededGenerator {
    /// One map, a pyramid, and copies of either.
    mutating func mapLists() -> [MapList] {
        func map(_ height: Int, _ width: Int) -> Resolution {
            Resolution(height: height, width: width)
        }
        return [
            MapList([map(1, 1)]),
            MapList([map(odd(3...20), odd(3...40))]),
            MapList([map(13, 22), map(7, 11), map(4, 6), map(1, 3), map(2, 1)]),
            MapList([map(7, 7)], copies: 5),
            MapList([map(5, 9), map(3, 2)], copies: 3),
        ]
    }
}
