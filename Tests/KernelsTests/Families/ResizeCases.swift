import Graphs
import Kernels
import TestFixtures

/// Twice the size, odd ratios both ways, the same size, single tokens; alone and with a sum.
enum ResizeCases: FamilyCases {
    typealias Family = Resize

    static func specs(_ random: inout SeededGenerator) -> [Resize.Spec] {
        let fixed = [
            (4, 6, 8, 12, 32), (5, 7, 13, 9, 13), (6, 5, 6, 5, 16), (1, 1, 3, 4, 5),
            (9, 11, 4, 1, 24), (13, 1, 26, 7, 33),
        ]
        let drawn = [
            (
                random.odd(3...15), random.odd(3...15), random.odd(3...31), random.odd(3...31),
                random.odd(3...70)
            )
        ]
        let specs = (fixed + drawn).flatMap { height, width, toHeight, toWidth, channels in
            [false, true].map { isSum in
                let beyond = channels % 2 == 0 ? 0 : random.int(1...9)
                return Resize.Spec(
                    map: Resolution(height: height, width: width),
                    resized: Resolution(height: toHeight, width: toWidth), channels: channels,
                    isSum: isSum, inputStride: channels + beyond / 2,
                    sumStride: isSum ? channels + beyond : nil, outputStride: channels + beyond)
            }
        }
        return specs + [
            Resize.Spec(
                map: Resolution(height: 3, width: 5), resized: Resolution(height: 6, width: 10),
                channels: 20, isSum: true, sumStride: 36)
        ]
    }
}
