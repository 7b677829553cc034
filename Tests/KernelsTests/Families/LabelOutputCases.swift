import Graphs
import Kernels
import TestFixtures

/// Pictures larger and smaller than the logits, and as large; fewer classes than a vector has lanes, and more.
enum LabelOutputCases: FamilyCases {
    typealias Family = LabelOutput

    static func specs(_ random: inout SeededGenerator) -> [LabelOutput.Spec] {
        let fixed = [
            (8, 12, 32, 48, 150, 0), (5, 7, 19, 26, 19, 5), (1, 1, 3, 2, 7, 0), (6, 4, 6, 4, 33, 0),
            (13, 11, 4, 5, 16, 2), (3, 9, 50, 7, 3, 1),
        ]
        let drawn = [
            (
                random.odd(3...15), random.odd(3...15), random.odd(3...60), random.odd(3...60),
                random.odd(5...90), 0
            )
        ]
        return (fixed + drawn).map { height, width, toHeight, toWidth, classes, beyond in
            LabelOutput.Spec(
                map: Resolution(height: height, width: width), classes: classes,
                picture: Resolution(height: toHeight, width: toWidth),
                inputStride: classes + beyond)
        }
    }
}
