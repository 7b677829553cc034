extension Operators {
    /// y = x·Wᵀ + b at every token; W is out×in, and out follows from its size.
    public static func linear(_ map: TokenMap, _ weights: Affine) -> TokenMap {
        let map = map.cut(to: weights.limits)
        let inputs = map.channels
        let outputs = weights.weight.count / inputs
        precondition(weights.weight.count == outputs * inputs, "the weight does not fit the input")
        let bias = doubles(weights.bias ?? [Float](repeating: 0, count: outputs))
        precondition(bias.count == outputs, "the bias does not fit the weight")
        let columns = transposed(weights.weight, rows: outputs, columns: inputs)
        return TokenMap(
            height: map.height, width: map.width, channels: outputs,
            eachBlock: { tokens, sums in
                for index in sums.indices { sums[index] = bias[index % outputs] }
                let range = tokens.lowerBound * inputs..<tokens.upperBound * inputs
                map.values[range].withUnsafeBufferPointer { tokens in
                    columns.values.withUnsafeBufferPointer { columns in
                        accumulate(tokens, columns, inputs: inputs, outputs: outputs, into: sums)
                    }
                }
            })
    }

    /// Adds the product of `tokens`×`inputs` and `inputs`×`outputs` values to `sums`.
    ///
    /// The tokens stand inside the loop over inputs so that the weights of an input are read from
    /// memory once for all of them; the innermost loop is the one that compilers vectorise.
    private static func accumulate(
        _ tokens: UnsafeBufferPointer<Double>, _ columns: UnsafeBufferPointer<Double>,
        inputs: Int, outputs: Int, into sums: UnsafeMutableBufferPointer<Double>
    ) {
        guard let tokenBase = tokens.baseAddress, let columnBase = columns.baseAddress,
            let sumBase = sums.baseAddress
        else { return }
        for input in 0..<inputs {
            let column = columnBase + input * outputs
            for token in 0..<tokens.count / inputs {
                let value = tokenBase[token * inputs + input]
                let sum = sumBase + token * outputs
                for output in 0..<outputs { sum[output] += value * column[output] }
            }
        }
    }

    /// A matrix in row-major order as a map whose tokens are its columns.
    static func transposed(_ matrix: [Float], rows: Int, columns: Int) -> TokenMap {
        TokenMap(height: 1, width: columns, channels: rows) { column, values in
            for row in 0..<rows { values[row] = Double(matrix[row * columns + column]) }
        }
    }

    public static func doubles(_ values: [Float]) -> [Double] { values.map { Double($0) } }
}
