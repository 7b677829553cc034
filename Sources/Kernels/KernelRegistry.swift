/// All families of kernels. Where several match the same node, the first one that has a schedule is
/// taken: fused kernels come before those that they stand for.
public enum KernelRegistry {
    public static let families: [any KernelFamily.Type] = [
        FusedConvFFN.self,
        GEMM.self,
        DirectConvolution.self,
        WinogradConvolution.self,
        Patches.self,
        TokenPatches.self,
        LayerNorm.self,
        DepthwiseGELU.self,
        AveragePool.self,
        MeanPool.self,
        WindowAttention.self,
        HiFiAttention.self,
        LoFiAttention.self,
        DeformableSampling.self,
        CandidateSelection.self,
        ProposalSelection.self,
        AnchorDetection.self,
        RegionDetection.self,
        FeatureOutput.self,
        Resize.self,
        Subsample.self,
        RegionSampling.self,
        MaskOutput.self,
        LabelOutput.self,
    ]
}
