import Graphs

extension Graph {
    /// A linear operator, named after its parameter.
    mutating func linear(_ x: Int, _ linear: Linear) -> Int {
        add(.linear(linear), [x], channels: linear.outputs, label: linear.parameter)
    }

    /// A LayerNorm, named after its parameter.
    mutating func layerNorm(_ x: Int, _ name: String) -> Int {
        add(.layerNorm(parameter: name), [x], label: name)
    }
}
