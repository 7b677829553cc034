import Kernels
import TestFixtures

/// More classes than channels and fewer, a single one, rows of points with gaps between them.
enum MaskOutputCases: FamilyCases {
    typealias Family = MaskOutput

    static func specs(_ random: inout SeededGenerator) -> [MaskOutput.Spec] {
        let fixed = [
            (30, 80, 14, 32, 10, 5, 0), (17, 3, 2, 13, 10, 5, 4), (25, 1, 3, 5, 1, 0, 0),
            (20, 37, 5, 24, 7, 6, 16),
        ]
        let drawn = [
            (
                random.odd(21...40), random.odd(3...50), random.odd(1...9), random.odd(3...70), 10,
                5, 3
            )
        ]
        return (fixed + drawn).map { detections, classes, side, channels, width, column, beyond in
            MaskOutput.Spec(
                detections: detections, classes: classes, side: side, channels: channels,
                detectionWidth: width, classColumn: column, inputStride: 4 * channels + beyond)
        }
    }
}
