import Networks
import Reference
import TestFixtures
import Testing

/// Every operator against PyTorch's, in double precision on the same single-precision inputs.
@Suite struct FixtureOperatorTests {
    @Test func everyOperatorHasCases() throws {
        let operators = Set(try OperatorCase.load().cases.map(\.operator))
        #expect(operators == Set(OperatorCase.Operator.allCases))
    }

    @Test(arguments: try OperatorCase.load().cases)
    func agrees(case operation: OperatorCase) throws {
        let inputs = OperatorInputs(operation, try OperatorCase.load())
        let expected = try inputs.tensor("output").values
        // Nearly equal channels leave a variance near epsilon, and its root magnifies rounding.
        let tolerance = operation.operator == .layerNorm ? 1e-9 : 1e-12
        expectAgreement(try output(operation, inputs), expected, within: tolerance)
    }

    private func output(_ operation: OperatorCase, _ inputs: OperatorInputs) throws -> [Double] {
        switch operation.operator {
        case .linear: Operators.linear(try inputs.rows(), try inputs.affine()).values
        case .layerNorm: Operators.layerNorm(try inputs.rows(), try inputs.affine()).values
        case .gelu: Operators.gelu(try inputs.rows()).values
        case .softmax: try softmax(inputs.rows())
        case .patchEmbedding: try patchEmbedding(inputs)
        case .depthwise:
            try inputs.maps("input").flatMap {
                Operators.depthwise3x3($0, try inputs.affine()).values
            }
        case .batchNorm:
            try inputs.maps("input").flatMap {
                Operators.batchNorm($0, try inputs.batchNorm()).values
            }
        case .averagePool: try averagePool(operation, inputs)
        case .deformableConvolution: try deformableConvolution(inputs)
        case .tokenMerging: try tokenMerging(inputs)
        case .hilo: try hilo(operation, inputs)
        }
    }

    private func softmax(_ rows: TokenMap) -> [Double] {
        (0..<rows.count).flatMap { Operators.softmax(rows.token($0)) }
    }

    private func patchEmbedding(_ inputs: OperatorInputs) throws -> [Double] {
        let input = try inputs.tensor("input")
        let (height, width) = (input.shape[2], input.shape[3])
        let weights = try inputs.affine()
        return input.floats.split(into: input.shape[0]).flatMap { image in
            let image = TokenMap(planes: image, height: height, width: width, channels: 3)
            return Operators.patchConvolution(image, side: LITv2.patch, weights).values
        }
    }

    private func averagePool(_ operation: OperatorCase, _ inputs: OperatorInputs) throws
        -> [Double]
    {
        let window = try #require(operation.window)
        return try inputs.maps("input").flatMap { Operators.averagePool($0, side: window).values }
    }

    private func deformableConvolution(_ inputs: OperatorInputs) throws -> [Double] {
        let weights = try inputs.affine()
        return try zip(inputs.maps("input"), inputs.maps("offset")).flatMap { map, offsets in
            let samples = Operators.deformableSampling(map, offsets: offsets)
            return Operators.linear(samples, weights).values
        }
    }

    private func tokenMerging(_ inputs: OperatorInputs) throws -> [Double] {
        let weights = TokenMergingWeights(
            offset: try inputs.affine("dconv.conv_offset."),
            convolution: try inputs.affine("dconv."),
            norm: try inputs.batchNorm("norm_layer."))
        return try inputs.maps("input").flatMap { Operators.tokenMerging($0, weights).values }
    }

    private func hilo(_ operation: OperatorCase, _ inputs: OperatorInputs) throws -> [Double] {
        let layer = try #require(operation.layer).layer()
        let network = Network(layer)
        let weights = try Dictionary(
            uniqueKeysWithValues: network.parameters.map {
                ($0.name, try inputs.tensor($0.name).floats)
            })
        let reference = ReferenceNetwork(network) { weights[$0] ?? [] }
        let input = try inputs.tensor("input").floats
        return try input.split(into: input.count / (layer.map.count * layer.dim)).flatMap {
            try reference.outputs($0)[0]
        }
    }
}

/// The stored tensors of a case as the operators take them.
private struct OperatorInputs {
    private let id: String
    private let fixture: Fixture<OperatorCase>

    init(_ operation: OperatorCase, _ fixture: Fixture<OperatorCase>) {
        id = operation.id
        self.fixture = fixture
    }

    func tensor(_ name: String) throws -> FixtureTensor { try fixture.required("\(id).\(name)") }

    func affine(_ prefix: String = "") throws -> Affine {
        Affine(
            weight: try tensor(prefix + "weight").floats,
            bias: try fixture.tensor("\(id).\(prefix)bias")?.floats)
    }

    func batchNorm(_ prefix: String = "") throws -> BatchNormWeights {
        BatchNormWeights(
            affine: try affine(prefix), mean: try tensor(prefix + "running_mean").floats,
            variance: try tensor(prefix + "running_var").floats)
    }

    /// A matrix, or a vector, as tokens in a row.
    func rows() throws -> TokenMap {
        let input = try tensor("input")
        return TokenMap(
            height: 1, width: input.shape[0], channels: input.shape.dropFirst().reduce(1, *),
            values: input.values)
    }

    /// N×H×W×C as N maps.
    func maps(_ name: String) throws -> [TokenMap] {
        let (shape, values) = try (tensor(name).shape, tensor(name).values)
        return values.split(into: shape[0]).map {
            TokenMap(height: shape[1], width: shape[2], channels: shape[3], values: $0)
        }
    }
}
