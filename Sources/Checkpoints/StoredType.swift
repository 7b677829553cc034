/// The type of a stored tensor's elements; all are little-endian.
public enum StoredType: String, Sendable, CaseIterable {
    case float32, float16, bfloat16, float64, int64

    /// Bytes of one element, which is also its alignment.
    public var byteCount: Int {
        switch self {
        case .float16, .bfloat16: 2
        case .float32: 4
        case .float64, .int64: 8
        }
    }

    /// The `dtype` of a safetensors header.
    public var safetensorsName: String {
        switch self {
        case .float32: "F32"
        case .float16: "F16"
        case .bfloat16: "BF16"
        case .float64: "F64"
        case .int64: "I64"
        }
    }

    public init?(safetensorsName name: String) {
        guard let type = Self.allCases.first(where: { $0.safetensorsName == name }) else {
            return nil
        }
        self = type
    }

    /// Whether the values are weights rather than counters.
    public var isFloatingPoint: Bool { self != .int64 }
}
