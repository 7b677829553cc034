/// A map of tokens in double precision, channels last: token (row, column) holds `channels`
/// consecutive values, and tokens follow each other row by row.
public struct TokenMap: Sendable, Equatable {
    public let height: Int
    public let width: Int
    public let channels: Int
    /// `height · width · channels` values.
    public var values: [Double]

    /// - Precondition: `values` holds `height · width · channels` values.
    public init(height: Int, width: Int, channels: Int, values: [Double]) {
        precondition(
            values.count == height * width * channels,
            "\(height)x\(width) tokens of \(channels) channels need \(height * width * channels) "
                + "values, not \(values.count)")
        self.height = height
        self.width = width
        self.channels = channels
        self.values = values
    }

    /// A map of zeros.
    public init(height: Int, width: Int, channels: Int) {
        self.init(
            height: height, width: width, channels: channels,
            values: [Double](repeating: 0, count: height * width * channels))
    }

    /// An image in planes, `channels`×`height`×`width`, as a map of pixels.
    public init(planes: [Float], height: Int, width: Int, channels: Int) {
        precondition(
            planes.count == height * width * channels,
            "an image of \(channels)x\(height)x\(width) has \(height * width * channels) values, "
                + "not \(planes.count)")
        self.init(height: height, width: width, channels: channels) { pixel, row in
            for channel in row.indices {
                row[channel] = Double(planes[channel * height * width + pixel])
            }
        }
    }

    /// The values in planes, `channels`×`height`×`width`.
    public var planes: [Double] {
        (0..<channels).flatMap { channel in
            stride(from: channel, to: values.count, by: channels).map { values[$0] }
        }
    }

    /// Tokens in all.
    public var count: Int { height * width }

    public subscript(row: Int, column: Int, channel: Int) -> Double {
        get { values[(row * width + column) * channels + channel] }
        set { values[(row * width + column) * channels + channel] = newValue }
    }

    /// Where the values of a token lie in `values`.
    func range(ofToken token: Int) -> Range<Int> {
        token * channels..<(token + 1) * channels
    }
}

extension TokenMap {
    /// A box of the map; nil takes a whole dimension.
    public func slice(
        rows: Range<Int>? = nil, columns: Range<Int>? = nil, channels: Range<Int>? = nil
    ) -> TokenMap {
        let rows = rows ?? 0..<height
        let columns = columns ?? 0..<width
        let channels = channels ?? 0..<self.channels
        var values: [Double] = []
        values.reserveCapacity(rows.count * columns.count * channels.count)
        for row in rows {
            for column in columns {
                let token = (row * width + column) * self.channels
                values += self.values[token + channels.lowerBound..<token + channels.upperBound]
            }
        }
        return TokenMap(
            height: rows.count, width: columns.count, channels: channels.count, values: values)
    }

    /// Overwrites the box whose first corner is (`row`, `column`, `channel`) with `part`.
    public mutating func paste(
        _ part: TokenMap, row: Int = 0, column: Int = 0, channel: Int = 0
    ) {
        for y in 0..<part.height {
            for x in 0..<part.width {
                let target = ((row + y) * width + column + x) * channels + channel
                let source = part.range(ofToken: y * part.width + x)
                for (index, value) in zip(target..., part.values[source]) {
                    values[index] = value
                }
            }
        }
    }

    /// The map with zeros at the bottom and the right up to multiples of `side`.
    public func padded(toMultipleOf side: Int) -> TokenMap {
        guard height % side != 0 || width % side != 0 else { return self }
        var result = TokenMap(
            height: (height + side - 1) / side * side, width: (width + side - 1) / side * side,
            channels: channels)
        result.paste(self)
        return result
    }

    /// The sum of two maps of one shape.
    public static func + (left: TokenMap, right: TokenMap) -> TokenMap {
        precondition(
            left.height == right.height && left.width == right.width
                && left.channels == right.channels, "a residual must have the shape of its input")
        var sum = left
        for index in sum.values.indices { sum.values[index] += right.values[index] }
        return sum
    }
}

extension TokenMap {
    /// The map without what lies beyond.
    func cut(to limits: Limits?) -> TokenMap {
        guard let limits else { return self }
        precondition(limits.count == channels, "the limits do not fit the map")
        return TokenMap(height: height, width: width, channels: channels) { token, output in
            for (channel, value) in values[range(ofToken: token)].enumerated() {
                let limit = limits[channel]
                output[channel] = min(max(value, limit.lowerBound), limit.upperBound)
            }
        }
    }
}
