import Graphs

/// HiLo attention (LITv2, arXiv 2205.13213, section 3.2): some heads attend inside s×s windows
/// (Hi-Fi), the others from every token to a map pooled s×s (Lo-Fi).
public struct HiLoAttention: Sendable, Hashable, Codable {
    /// Heads in all.
    public let heads: Int
    /// Side s of a window in tokens; 1 makes every head Lo-Fi and pools nothing.
    public let window: Int
    /// Share of the heads that are Lo-Fi, 0…1.
    public let alpha: Double
    /// Whether `h_qkv`, `l_q` and `l_kv` have a bias.
    public let qkvBias: Bool
    /// Factor of q·kᵀ; nil is (head dimension)^-½.
    public let qkScale: Double?

    public init(
        heads: Int, window: Int, alpha: Double = 0.9, qkvBias: Bool = true, qkScale: Double? = nil
    ) {
        self.heads = heads
        self.window = window
        self.alpha = alpha
        self.qkvBias = qkvBias
        self.qkScale = qkScale
    }

    /// `int(heads · alpha)` in double precision as the authors compute it; all heads for window 1.
    public var loFiHeads: Int { window == 1 ? heads : Int(Double(heads) * alpha) }
    public var hiFiHeads: Int { heads - loFiHeads }

    /// Factor of q·kᵀ for heads of `headDim` channels.
    public func scale(headDim: Int) -> Double { qkScale ?? 1 / Double(headDim).squareRoot() }

    func check(channels: Int, place: String) throws {
        guard heads > 0 else {
            throw NetworkError("\(place): heads is \(heads); at least 1 head is needed")
        }
        guard channels % heads == 0 else {
            throw NetworkError(
                "\(place): \(channels) channels do not divide into \(heads) heads; "
                    + "choose heads that divide \(channels)")
        }
        guard alpha >= 0, alpha <= 1 else {
            throw NetworkError("\(place): alpha is \(alpha); it is a share of the heads, 0 to 1")
        }
        guard (1...256).contains(window) else {
            throw NetworkError("\(place): window is \(window); 1 to 256 tokens are possible")
        }
        if let qkScale, !(qkScale.isFinite) {
            throw NetworkError("\(place): qk_scale is \(qkScale); it must be finite")
        }
    }

    /// Parameters of a layer of `channels` under `prefix`; a branch without heads has none.
    func parameters(_ prefix: String, channels: Int) -> [Parameter] {
        let headDim = channels / heads
        let high = hiFiHeads * headDim
        let low = loFiHeads * headDim
        var list: [Parameter] = []
        if low > 0 {
            list += Parameter.linear(prefix + "l_q", from: channels, to: low, bias: qkvBias)
            list += Parameter.linear(prefix + "l_kv", from: channels, to: 2 * low, bias: qkvBias)
            list += Parameter.linear(prefix + "l_proj", from: low, to: low)
        }
        if high > 0 {
            list += Parameter.linear(prefix + "h_qkv", from: channels, to: 3 * high, bias: qkvBias)
            list += Parameter.linear(prefix + "h_proj", from: high, to: high)
        }
        return list
    }

    /// Multiply-accumulates as the authors' `HiLo.flops` counts them.
    func macs(channels: Int, map: Resolution) -> Int {
        let headDim = channels / heads
        let (high, low) = (hiFiHeads * headDim, loFiHeads * headDim)
        let pooledRows = (map.height + window - 1) / window
        let pooledColumns = (map.width + window - 1) / window
        let pooled = pooledRows * pooledColumns
        let tokens = pooled * window * window
        var total = 0
        if high > 0 {
            total += tokens * channels * 3 * high + tokens * high * high
            total += pooled * window * window * window * window * high * 2
        }
        if low > 0 {
            total += tokens * channels * low + pooled * channels * 2 * low
            total += tokens * pooled * low * 2 + tokens * low * low
        }
        return total
    }
}

extension HiLoAttention {
    /// The layer in numbers.
    var summary: String { "\(hiFiHeads) Hi-Fi and \(loFiHeads) Lo-Fi heads, window \(window)" }
}

extension HiLoAttention: CustomStringConvertible {
    /// All that decides its weights and results.
    public var description: String {
        "heads \(heads), window \(window), alpha \(alpha), "
            + (qkvBias ? "bias" : "no bias") + (qkScale.map { ", scale \($0)" } ?? "")
    }
}
