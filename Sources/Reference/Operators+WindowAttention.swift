extension Operators {
    /// Window attention (W-MSA, Swin Transformer, arXiv 2103.14030): tokens attend inside
    /// `window`×`window` squares.
    ///
    /// Zeros fill the map at the bottom and the right up to whole windows; as tokens their query,
    /// key and value are the bias, and the output is cropped. A `shift` moves the windows right and
    /// down: the map is rolled the other way before and back after, and tokens that only rolling
    /// made neighbours get −100 on their score.
    public static func windowAttention(
        _ map: TokenMap, heads: Int, window: Int, shift: Int, _ weights: WindowAttentionWeights
    ) -> TokenMap {
        precondition((0..<window).contains(shift), "a shift is less than a window")
        precondition(
            weights.positionBias.map { $0.count == (2 * window - 1) * (2 * window - 1) * heads }
                ?? true, "the position bias does not fit the window")
        let padded = map.padded(toMultipleOf: window)
        let mixed = attentionInWindows(
            linear(padded.rolled(by: -shift), weights.qkv), heads: heads, window: window,
            scale: scale(channels: map.channels, heads: heads), shift: shift,
            positionBias: weights.positionBias)
        return linear(mixed.rolled(by: shift), weights.projection)
            .slice(rows: 0..<map.height, columns: 0..<map.width)
    }

    /// Attention inside every `window`×`window` square of a map that holds queries, keys and values;
    /// `shift` is by how much it was rolled before they were made.
    static func attentionInWindows(
        _ qkv: TokenMap, heads: Int, window: Int, scale: Double, shift: Int = 0,
        positionBias: [Float]? = nil
    ) -> TokenMap {
        var mixed = TokenMap(height: qkv.height, width: qkv.width, channels: qkv.channels / 3)
        for top in stride(from: 0, to: qkv.height, by: window) {
            for left in stride(from: 0, to: qkv.width, by: window) {
                let square = qkv.slice(rows: top..<top + window, columns: left..<left + window)
                let (queries, keys, values) = thirds(square)
                let bias = WindowBias(
                    window: window, heads: heads, table: positionBias,
                    rowCameRound: (top..<top + window).map { $0 >= qkv.height - shift },
                    columnCameRound: (left..<left + window).map { $0 >= qkv.width - shift })
                let part = attention(
                    queries: queries, keys: keys, values: values, heads: heads, scale: scale
                ) { bias.value(head: $0, query: $1, key: $2) }
                mixed.paste(part, row: top, column: left)
            }
        }
        return mixed
    }
}

/// What is added to the scores of one window.
private struct WindowBias: Sendable {
    let window: Int
    let heads: Int
    /// (2·window − 1)²×heads; nil adds nothing.
    let table: [Float]?
    /// Whether rolling brought each row and each column of the window in from the other side. In
    /// one window these are the regions of Swin, which cuts the map between windows too.
    let rowCameRound: [Bool]
    let columnCameRound: [Bool]

    func value(head: Int, query: Int, key: Int) -> Double {
        position(head: head, query: query, key: key) + mask(query: query, key: key)
    }

    private func position(head: Int, query: Int, key: Int) -> Double {
        guard let table else { return 0 }
        let down = query / window - key / window + window - 1
        let right = query % window - key % window + window - 1
        return Double(table[(down * (2 * window - 1) + right) * heads + head])
    }

    private func mask(query: Int, key: Int) -> Double {
        let isOneRegion =
            rowCameRound[query / window] == rowCameRound[key / window]
            && columnCameRound[query % window] == columnCameRound[key % window]
        return isOneRegion ? 0 : -100
    }
}

extension TokenMap {
    /// The map moved down and right by `distance` tokens; what leaves it comes in at the other side.
    func rolled(by distance: Int) -> TokenMap {
        TokenMap(height: height, width: width, channels: channels) { token, output in
            let row = wrapped(token / width - distance, around: height)
            let column = wrapped(token % width - distance, around: width)
            let source = values[range(ofToken: row * width + column)]
            for (channel, value) in source.enumerated() { output[channel] = value }
        }
    }
}

private func wrapped(_ place: Int, around side: Int) -> Int { (place % side + side) % side }
