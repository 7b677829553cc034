// What segmenters and detectors do with maps.
extension Operators {
    /// 3×3 convolution with a border of one zero; the weight is out×in×3×3, and maps are rounded up by
    /// the stride.
    public static func convolution3x3(
        _ map: TokenMap, _ weights: Affine, stride: Int = 1
    ) -> TokenMap {
        let inputs = map.channels
        let outputs = weights.weight.count / (9 * inputs)
        precondition(
            weights.weight.count == 9 * inputs * outputs, "the weight does not fit the map")
        let bias = doubles(weights.bias ?? [Float](repeating: 0, count: outputs))
        precondition(bias.count == outputs, "the bias does not fit the weight")
        // Rows are input by input, point by point.
        let columns = transposed(weights.weight, rows: outputs, columns: 9 * inputs)
        let (height, width) = (
            (map.height + stride - 1) / stride, (map.width + stride - 1) / stride
        )
        return TokenMap(
            height: height, width: width, channels: outputs,
            eachBlock: { tokens, sums in
                for index in sums.indices { sums[index] = bias[index % outputs] }
                for point in 0..<9 {
                    let sources = tokens.map { token -> Int? in
                        let row = token / width * stride + point / 3 - 1
                        let column = token % width * stride + point % 3 - 1
                        guard row >= 0, row < map.height, column >= 0, column < map.width else {
                            return nil
                        }
                        return (row * map.width + column) * inputs
                    }
                    addPoint(map.values, sources, columns.values, point, outputs, inputs, to: sums)
                }
            })
    }

    /// Adds the products of one of nine points; the innermost loop is the one that compilers vectorise.
    private static func addPoint(
        _ values: [Double], _ sources: [Int?], _ columns: [Double], _ point: Int, _ outputs: Int,
        _ inputs: Int, to sums: UnsafeMutableBufferPointer<Double>
    ) {
        guard let sums = sums.baseAddress else { return }
        values.withUnsafeBufferPointer { values in
            columns.withUnsafeBufferPointer { columns in
                for input in 0..<inputs {
                    let column = (9 * input + point) * outputs
                    for (token, source) in sources.enumerated() {
                        guard let source else { continue }
                        let value = values[source + input]
                        let sum = sums + token * outputs
                        for output in 0..<outputs {
                            sum[output] += value * columns[column + output]
                        }
                    }
                }
            }
        }
    }

    /// Every value, at least 0.
    public static func relu(_ map: TokenMap) -> TokenMap {
        TokenMap(
            height: map.height, width: map.width, channels: map.channels,
            values: map.values.map { max($0, 0) })
    }

    /// A coarser map at another size: token i is token floor(i·n/size) of it.
    public static func nearest(_ map: TokenMap, height: Int, width: Int) -> TokenMap {
        TokenMap(height: height, width: width, channels: map.channels) { token, output in
            let row = token / width * map.height / height
            let column = token % width * map.width / width
            let source = map.values[map.range(ofToken: row * map.width + column)]
            for (channel, value) in source.enumerated() { output[channel] = value }
        }
    }

    /// A map at another size, bilinear: the sample of token i lies at (i + ½)·n/size − ½, at least 0.
    ///
    /// - Parameter rows: which of its rows are computed; nil is all.
    public static func resized(
        _ map: TokenMap, height: Int, width: Int, rows: Range<Int>? = nil
    ) -> TokenMap {
        let rows = rows ?? 0..<height
        let (down, across) = (
            Double(map.height) / Double(height), Double(map.width) / Double(width)
        )
        return TokenMap(height: rows.count, width: width, channels: map.channels) { token, output in
            let (row, column) = (rows.lowerBound + token / width, token % width)
            addSample(
                of: map, y: (Double(row) + 0.5) * down - 0.5,
                x: (Double(column) + 0.5) * across - 0.5, to: output)
        }
    }

    /// Adds a bilinear sample; what lies outside has the border's value.
    static func addSample(
        of map: TokenMap, y: Double, x: Double, to output: UnsafeMutableBufferPointer<Double>
    ) {
        let (top, bottom, below) = neighbours(y, map.height)
        let (left, right, beside) = neighbours(x, map.width)
        for channel in output.indices {
            let upper = (1 - beside) * map[top, left, channel] + beside * map[top, right, channel]
            let lower =
                (1 - beside) * map[bottom, left, channel] + beside * map[bottom, right, channel]
            output[channel] += (1 - below) * upper + below * lower
        }
    }

    /// The tokens before and behind a place, and the weight of the second.
    private static func neighbours(_ place: Double, _ count: Int) -> (Int, Int, Double) {
        let place = min(max(place, 0), Double(count - 1))
        let first = Int(place)
        return (first, min(first + 1, count - 1), place - Double(first))
    }

    /// Every second token of every second row, from the first.
    public static func subsampled(_ map: TokenMap) -> TokenMap {
        let (height, width) = ((map.height + 1) / 2, (map.width + 1) / 2)
        return TokenMap(height: height, width: width, channels: map.channels) { token, output in
            let (row, column) = token.quotientAndRemainder(dividingBy: width)
            let place = 2 * row * map.width + 2 * column
            for (channel, value) in map.values[map.range(ofToken: place)].enumerated() {
                output[channel] = value
            }
        }
    }

    /// A transposed 2×2 convolution of stride 2; the weight is in×out×2×2.
    public static func transposed2x2(_ map: TokenMap, _ weights: Affine) -> TokenMap {
        let inputs = map.channels
        let outputs = weights.weight.count / (4 * inputs)
        precondition(
            weights.weight.count == 4 * inputs * outputs, "the weight does not fit the map")
        let bias = doubles(weights.bias ?? [Float](repeating: 0, count: outputs))
        let matrix = doubles(weights.weight)
        return TokenMap(height: 2 * map.height, width: 2 * map.width, channels: outputs) {
            token, output in
            let (row, column) = token.quotientAndRemainder(dividingBy: 2 * map.width)
            let point = 2 * (row % 2) + column % 2
            let source = map.range(ofToken: row / 2 * map.width + column / 2)
            for channel in output.indices { output[channel] = bias[channel] }
            for (input, value) in map.values[source].enumerated() {
                for channel in output.indices {
                    output[channel] += value * matrix[(input * outputs + channel) * 4 + point]
                }
            }
        }
    }
}
