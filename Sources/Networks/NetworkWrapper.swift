import Graphs

/// A network around another one, with the same input and weights, and other outputs.
package protocol NetworkWrapper: NetworkFamily {
    associatedtype Base: NetworkFamily
    var base: Base { get }
}

extension NetworkWrapper {
    package var name: String { base.name }
    package var summary: String { base.summary }
    package var resolution: Resolution { base.resolution }
    package var image: EvaluationRecipe? { base.image }
    package var pictureScale: PictureScale? { base.pictureScale }
    package var inputShape: [Int] { base.inputShape }
    package var parameters: [Parameter] { base.parameters }
    package var optionalParameters: Set<String> { base.optionalParameters }
    package var costs: [Cost] { base.costs }
    package func check() throws { try base.check() }
}
