/// One learned tensor of a network, under the name of the authors' `state_dict`.
public struct Parameter: Sendable, Equatable {
    public let name: String
    /// PyTorch order: Linear out×in, convolution out×in×kh×kw, everything else one dimension.
    public let shape: [Int]

    public init(_ name: String, _ shape: [Int]) {
        self.name = name
        self.shape = shape
    }

    public var count: Int { shape.reduce(1, *) }

    /// BatchNorm's running statistics: stored with the weights but not learned.
    public var isStatistic: Bool {
        name.hasSuffix("running_mean") || name.hasSuffix("running_var")
    }
}

extension Parameter {
    static func linear(_ name: String, from input: Int, to output: Int, bias: Bool = true)
        -> [Parameter]
    {
        [Parameter("\(name).weight", [output, input])]
            + (bias ? [Parameter("\(name).bias", [output])] : [])
    }

    static func convolution(
        _ name: String, from input: Int, to output: Int, kernel: Int, bias: Bool = true
    ) -> [Parameter] {
        [Parameter("\(name).weight", [output, input, kernel, kernel])]
            + (bias ? [Parameter("\(name).bias", [output])] : [])
    }

    static func norm(_ name: String, _ channels: Int) -> [Parameter] {
        [Parameter("\(name).weight", [channels]), Parameter("\(name).bias", [channels])]
    }

    /// A norm with its running statistics.
    static func batchNorm(_ name: String, _ channels: Int) -> [Parameter] {
        norm(name, channels) + [
            Parameter("\(name).running_mean", [channels]),
            Parameter("\(name).running_var", [channels]),
        ]
    }
}

extension [Parameter] {
    /// How much of those whose names begin so is learned.
    func learned(_ prefix: String) -> Int {
        filter { $0.name.hasPrefix(prefix) && !$0.isStatistic }.reduce(0) { $0 + $1.count }
    }
}
