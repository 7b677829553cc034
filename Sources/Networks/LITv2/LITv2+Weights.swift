import Reference

extension ParameterReader {
    func convFFN(_ prefix: String, channels: Int, hidden: Int) throws -> ConvFFNWeights {
        try ConvFFNWeights(
            expand: affine(prefix + "fc1", fanIn: channels, outputs: hidden),
            depthwise: affine(prefix + "dwconv.dwconv", fanIn: 9, outputs: hidden),
            contract: affine(prefix + "fc2", fanIn: hidden, outputs: channels))
    }

    func tokenMerging(_ prefix: String, channels: Int) throws -> TokenMergingWeights {
        try TokenMergingWeights(
            offset: affine(prefix + "dconv.conv_offset", fanIn: 4 * channels, outputs: 8),
            convolution: affine(prefix + "dconv", fanIn: 4 * channels, outputs: 2 * channels),
            norm: batchNorm(prefix + "norm_layer", channels: 2 * channels))
    }
}
