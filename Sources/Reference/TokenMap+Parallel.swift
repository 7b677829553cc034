import Dispatch

extension TokenMap {
    /// Tokens that one thread computes in a run: enough to pay for handing them over.
    private static let tokensPerBlock = 16

    /// Computes every token by itself, on all cores.
    ///
    /// - Parameter body: gets the token's index and its `channels` values, which are 0, to fill.
    init(
        height: Int, width: Int, channels: Int,
        eachToken body:
            @Sendable (_ token: Int, _ values: UnsafeMutableBufferPointer<Double>) -> Void
    ) {
        self.init(
            height: height, width: width, channels: channels,
            eachBlock: { tokens, values in
                for (place, token) in tokens.enumerated() {
                    let row = place * channels..<(place + 1) * channels
                    body(token, UnsafeMutableBufferPointer(rebasing: values[row]))
                }
            })
    }

    /// Computes blocks of consecutive tokens, on all cores.
    ///
    /// - Parameter body: gets the tokens' indices and all their values, which are 0, to fill.
    init(
        height: Int, width: Int, channels: Int,
        eachBlock body:
            @Sendable (_ tokens: Range<Int>, _ values: UnsafeMutableBufferPointer<Double>) -> Void
    ) {
        self.init(height: height, width: width, channels: channels)
        let count = self.count
        let size = TokenMap.tokensPerBlock
        values.withUnsafeMutableBufferPointer { all in
            // Each block writes only its own tokens.
            nonisolated(unsafe) let all = all
            DispatchQueue.concurrentPerform(iterations: (count + size - 1) / size) { block in
                let tokens = block * size..<min(count, (block + 1) * size)
                let range = tokens.lowerBound * channels..<tokens.upperBound * channels
                body(tokens, UnsafeMutableBufferPointer(rebasing: all[range]))
            }
        }
    }
}
