import Graphs

/// Boxes that may hold something, out of the candidates of a pyramid's levels.
public enum ProposalSelection: AnchorBoxFamily {
    public static let id = "proposals"
    public static let width = AnchorRule.proposalWidth

    public static func rule(of operation: Operation) -> AnchorRule? {
        if case .proposals(let rule) = operation { rule } else { nil }
    }
}
