/// What kernels do in a network: those of one role share a colour in reports.
public enum KernelRole: String, Sendable, Hashable, CaseIterable {
    case gemm, convFFN, attention, depthwise, sampling, other

    public var title: String {
        switch self {
        case .gemm: "GEMM"
        case .attention: "attention"
        case .depthwise: "depthwise convolution"
        case .sampling: "deformable sampling"
        case .convFFN: "whole ConvFFN"
        case .other: "norms, pooling, copies"
        }
    }
}
