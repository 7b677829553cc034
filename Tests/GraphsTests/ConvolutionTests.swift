import Testing

@testable import Graphs

/// Which convolutions take Winograd's form.
@Suite struct ConvolutionTests {
    private func method(
        _ choice: ConvolutionChoice, from inputs: Int = 256, to outputs: Int = 256,
        stride: Int = 1, copies: Int = 1
    ) -> Convolution.Method? {
        let map = Resolution(height: 14, width: 14)
        var graph = Graph(
            input: Tensor(map: MapList([map], copies: copies).stacked, channels: inputs))
        let convolution = Convolution(maps: MapList([map], copies: copies), stride: stride)
        let linear = Linear("conv", from: 9 * inputs, to: outputs, order: .points(9))
        let y = graph.add(
            .convolution(linear, convolution), [Graph.input], map: convolution.outputs.stacked,
            channels: outputs, label: "conv")
        graph.returns(y)
        let chosen = graph.choosingConvolutions(choice)
        guard case .convolution(let kept, let found) = chosen.nodes[0].operation, kept == linear
        else { return nil }
        #expect(chosen.tensors == graph.tensors && chosen.outputs == graph.outputs)
        return found.method
    }

    @Test func automatic() {
        #expect(method(.automatic) == .winograd4)
        #expect(method(.automatic, to: 720) == .winograd4)
        #expect(method(.automatic, to: 36) == .direct)
        #expect(method(.automatic, from: 128) == .direct)
        #expect(method(.automatic, stride: 2) == .direct)
        #expect(method(.automatic, copies: 100) == .winograd4)
    }

    @Test func asked() {
        #expect(method(.direct) == .direct)
        #expect(method(.winograd2, from: 32, to: 12, copies: 100) == .winograd2)
        #expect(method(.winograd4, from: 32, to: 12) == .winograd4)
        #expect(method(.winograd4, stride: 2) == .direct)
        #expect(method(.winograd2, stride: 2) == .direct)
    }

    @Test func mapsOfAList() {
        let maps = MapList(
            [Resolution(height: 5, width: 4), Resolution(height: 3, width: 3)], copies: 2)
        #expect(maps.count == 58)
        #expect(maps.stacked == Resolution(height: 58, width: 1))
        #expect(maps.dividedRoundingUp(by: 2).count == 2 * (6 + 4))
        let one = MapList([Resolution(height: 5, width: 4)])
        #expect(one.stacked == Resolution(height: 5, width: 4))
    }
}
