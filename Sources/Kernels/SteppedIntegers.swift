/// Values as multiples of a step, from −127 to 127.
public struct SteppedIntegers: Sendable, Equatable {
    public let step: Float
    public let values: [Int8]

    /// Those with the least squared error, of steps that cut off nothing and of smaller ones, which cut off the
    /// largest values and round the others less.
    ///
    /// - Parameter values: finite.
    public init(_ values: [Float]) {
        let largest = values.reduce(0) { max($0, abs($1)) }
        guard largest >= Float.leastNormalMagnitude * 127 else {
            (step, self.values) = (1, values.map { _ in 0 })
            return
        }
        let steps = (0...6).map { largest / 127 * (1 - 0.05 * Float($0)) }
        let errors = steps.map { step in
            values.reduce(0.0 as Float) {
                let difference = $1 - step * Self.integer($1, step)
                return $0 + difference * difference
            }
        }
        let best = errors.indices.min { errors[$0] < errors[$1] }.map { steps[$0] } ?? steps[0]
        step = best
        self.values = values.map { Int8(Self.integer($0, best)) }
    }

    private static func integer(_ value: Float, _ step: Float) -> Float {
        min(127, max(-127, (value / step).rounded(.toNearestOrEven)))
    }
}
