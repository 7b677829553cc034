import Networks
import Planning

/// Numbers and names that most templates of the library share.
struct LibraryNames: Sendable {
    let model: String
    let MODEL: String

    init(_ plan: Plan) {
        model = plan.network.name
        MODEL = model.uppercased()
    }
}
