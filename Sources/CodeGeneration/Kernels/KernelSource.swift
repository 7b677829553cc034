import Planning

/// What the generator needs to know of a kernel: its template, what the template is filled with, and
/// its entry in the registry.
protocol KernelSource: Sendable {
    var template: String { get }
    /// What, before the double underscore of the name: `gemm_196x384x1536_gelu`.
    var operation: String { get }
    /// How, behind it: `14x32`. Empty when there is nothing to choose.
    var variant: String { get }
    var family: String { get }
    /// Fields of `kernel_shape` that are not 0, in the order of their declaration.
    func fields(isa: ISA) -> [ShapeField]

    func context(name: String, isa: ISA) -> Any
}

/// A field of `kernel_shape` in the registry.
struct ShapeField: Sendable {
    let name: String
    let value: String

    init(_ name: String, _ value: Int) {
        self.name = name
        self.value = String(value)
    }

    init(_ name: String, constant: String) {
        self.name = name
        value = constant
    }
}

extension Kernel {
    var source: any KernelSource {
        switch self {
        case .patches(let kernel): PatchesSource(kernel)
        case .gemm(let kernel): GEMMSource(kernel)
        case .layerNorm(let kernel): RowsSource(kernel)
        case .depthwiseGELU(let kernel): DepthwiseSource(kernel)
        case .averagePool(let kernel): AveragePoolSource(kernel)
        case .meanPool(let kernel): RowsSource(kernel)
        case .hiFiAttention(let kernel): HiFiAttentionSource(kernel)
        case .loFiAttention(let kernel): LoFiAttentionSource(kernel)
        case .sampling(let kernel): SamplingSource(kernel)
        case .convFFN(let kernel): ConvFFNSource(kernel)
        case .featureMap(let kernel): FeatureMapSource(kernel)
        }
    }

    /// The C function: `<model>_<operation>_<shape>__<variant>`.
    public func functionName(model: String, isa: ISA) -> String {
        let variant = source.variant
        return "\(model)_\(source.operation)__\(isa.rawValue)"
            + (variant.isEmpty ? "" : "_\(variant)")
    }
}
