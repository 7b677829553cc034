/// How far logits are from others of the same images, each image's mean taken off: what all classes have
/// in common changes no answer.
struct LogitDifference {
    /// The root mean square of the differences, as a share of that of the expected ones.
    let share: Double

    /// - Parameters:
    ///   - found: image by image.
    ///   - expected: as many.
    ///   - classes: logits of an image.
    init(_ found: [Float], from expected: [Float], classes: Int) {
        precondition(found.count == expected.count && found.count % classes == 0)
        var difference = 0.0, power = 0.0
        for start in stride(from: 0, to: found.count, by: classes) {
            let image = start..<start + classes
            let (one, other) = (Self.centred(found[image]), Self.centred(expected[image]))
            difference += zip(one, other).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            power += other.reduce(0) { $0 + $1 * $1 }
        }
        // Where all classes are alike, any difference is all that there is.
        share = difference == 0 ? 0 : power == 0 ? 1 : (difference / power).squareRoot()
    }

    private static func centred(_ logits: ArraySlice<Float>) -> [Double] {
        let mean = logits.reduce(0) { $0 + Double($1) } / Double(logits.count)
        return logits.map { Double($0) - mean }
    }
}
