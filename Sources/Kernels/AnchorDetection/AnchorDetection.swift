import Graphs

/// Boxes with a class, out of the candidates of a pyramid's levels.
public enum AnchorDetection: AnchorBoxFamily {
    public static let id = "detections"
    public static let width = AnchorRule.detectionWidth

    public static func rule(of operation: Operation) -> AnchorRule? {
        if case .detections(let rule) = operation { rule } else { nil }
    }
}
