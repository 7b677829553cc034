import Kernels
import TestFixtures

/// What the conformance suite computes with one family.
protocol FamilyCases: Sendable {
    associatedtype Family: KernelFamily

    /// Odd sizes and others that nothing divides, distances beyond dense where operands take any, every
    /// form that kernels have.
    static func specs(_ random: inout SeededGenerator) -> [Family.Spec]
}

/// Every family has cases: whoever registers one writes a file in Families and a line here.
enum ConformanceCases {
    static let all: [any FamilyCases.Type] = [
        FusedConvFFNCases.self,
        GEMMCases.self,
        DirectConvolutionCases.self,
        WinogradConvolutionCases.self,
        PatchesCases.self,
        TokenPatchesCases.self,
        LayerNormCases.self,
        DepthwiseGELUCases.self,
        AveragePoolCases.self,
        MeanPoolCases.self,
        WindowAttentionCases.self,
        HiFiAttentionCases.self,
        LoFiAttentionCases.self,
        DeformableSamplingCases.self,
        CandidateSelectionCases.self,
        ProposalSelectionCases.self,
        AnchorDetectionCases.self,
        RegionDetectionCases.self,
        FeatureOutputCases.self,
        ResizeCases.self,
        SubsampleCases.self,
        RegionSamplingCases.self,
        MaskOutputCases.self,
        LabelOutputCases.self,
    ]
}

extension FamilyCases {
    /// The same specs in every run.
    static var specs: [Family.Spec] {
        var random = SeededGenerator(
            seed: Family.id.utf8.reduce(7) { (31 * $0 + Int($1)) % 1_000_003 })
        return specs(&random)
    }
}

extension SeededGenerator {
    mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    /// An odd number.
    mutating func odd(_ range: ClosedRange<Int>) -> Int {
        int(range.lowerBound / 2...(range.upperBound - 1) / 2) * 2 + 1
    }
}
