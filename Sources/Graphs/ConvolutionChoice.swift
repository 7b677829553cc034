/// Which 3×3 convolutions of a network take Winograd's form.
public enum ConvolutionChoice: String, Sendable, Hashable, Codable, CaseIterable {
    /// F(4×4, 3×3) for those that are wide enough to gain by it, `direct` for the others.
    case automatic
    /// None.
    case direct
    /// All with stride 1.
    case winograd2, winograd4
}

extension Graph {
    /// The graph with a method for each convolution.
    ///
    /// It follows from channels alone and not from maps: all resolutions of a library share its packed
    /// weights, which differ from method to method.
    public func choosingConvolutions(_ choice: ConvolutionChoice) -> Graph {
        var graph = self
        for index in nodes.indices {
            guard case .convolution(let linear, var convolution) = nodes[index].operation else {
                continue
            }
            convolution.method = convolution.method(of: linear, choice)
            graph.nodes[index].operation = .convolution(linear, convolution)
        }
        return graph
    }
}

extension Convolution {
    /// Channels of the input and of the output from which Winograd's form gains more by its fewer products
    /// than its transforms cost.
    static let wide = 256

    fileprivate func method(of linear: Linear, _ choice: ConvolutionChoice) -> Method {
        guard stride == 1 else { return .direct }
        switch choice {
        case .direct: return .direct
        case .winograd2: return .winograd2
        case .winograd4: return .winograd4
        case .automatic:
            // Also on maps of boxes: four tiles of 4×4 across 14 tokens still halve the time.
            return min(linear.inputs / 9, linear.outputs) >= Self.wide ? .winograd4 : .direct
        }
    }
}
