/// Channels×tokens to tokens×channels.
public func tokens(ofPlanes planes: [Float], channels: Int) -> [Float] {
    let count = planes.count / channels
    return planes.indices.map { planes[$0 % channels * count + $0 / channels] }
}

/// Tokens×channels to channels×tokens.
public func planes(ofTokens tokens: [Float], channels: Int) -> [Float] {
    let count = tokens.count / channels
    return tokens.indices.map { tokens[$0 % count * channels + $0 / count] }
}
