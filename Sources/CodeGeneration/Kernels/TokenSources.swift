import Networks
import Planning

// Kernels that work token by token: patches, norm, depthwise convolution, pooling, sampling, output.

struct PatchesSource: KernelSource {
    let kernel: Patches
    init(_ kernel: Patches) { self.kernel = kernel }

    let template = "patches.c"
    let family = "PATCHES"
    let variant = ""
    var operation: String { "patches_\(kernel.image)_\(kernel.side)x\(kernel.side)" }
    func fields(isa: ISA) -> [ShapeField] {
        [
            ShapeField("height", kernel.image.height), ShapeField("width", kernel.image.width),
            ShapeField("patch", kernel.side),
        ]
    }

    func context(name: String, isa: ISA) -> Any {
        Context(
            name: name, height: kernel.image.height, width: kernel.image.width, patch: kernel.side)
    }

    private struct Context {
        let name: String
        let height, width, patch: Int
    }
}

/// Kernels whose shape is a number of rows and channels.
struct RowsSource: KernelSource {
    let template, family, operation: String
    let variant = ""
    private let rows, channels: Int

    init(_ kernel: LayerNorm) { self.init("layer_norm", kernel.rows, kernel.channels) }
    init(_ kernel: MeanPool) { self.init("mean_pool", kernel.rows, kernel.channels) }

    private init(_ name: String, _ rows: Int, _ channels: Int) {
        template = "\(name).c"
        family = name.uppercased()
        operation = "\(name)_\(rows)x\(channels)"
        self.rows = rows
        self.channels = channels
    }

    func fields(isa: ISA) -> [ShapeField] {
        [ShapeField("rows", rows), ShapeField("channels", channels)]
    }

    func context(name: String, isa: ISA) -> Any {
        Context(name: name, rows: rows, channels: channels)
    }

    private struct Context {
        let name: String
        let rows, channels: Int
    }
}

struct DepthwiseSource: KernelSource {
    let kernel: DepthwiseGELU
    init(_ kernel: DepthwiseGELU) { self.kernel = kernel }

    let template = "depthwise_gelu.c"
    let family = "DEPTHWISE_GELU"
    let variant = ""
    var operation: String {
        "depthwise_gelu_\(kernel.map)x\(kernel.channels)"
            + (kernel.stride == kernel.channels ? "" : "_stride\(kernel.stride)")
    }
    func fields(isa: ISA) -> [ShapeField] {
        mapFields(kernel.map, kernel.channels) + [
            ShapeField("input_stride", kernel.stride), ShapeField("output_stride", kernel.stride),
        ]
    }

    func context(name: String, isa: ISA) -> Any {
        MapContext(name, kernel.map, kernel.channels, stride: kernel.stride)
    }
}

struct AveragePoolSource: KernelSource {
    let kernel: AveragePool
    init(_ kernel: AveragePool) { self.kernel = kernel }

    let template = "average_pool.c"
    let family = "AVERAGE_POOL"
    let variant = ""
    var operation: String {
        "average_pool_\(kernel.map)x\(kernel.channels)_\(kernel.window)x\(kernel.window)"
    }
    func fields(isa: ISA) -> [ShapeField] {
        mapFields(kernel.map, kernel.channels) + [ShapeField("window", kernel.window)]
    }

    func context(name: String, isa: ISA) -> Any {
        MapContext(name, kernel.map, kernel.channels, window: kernel.window)
    }
}

struct SamplingSource: KernelSource {
    let kernel: Sampling
    init(_ kernel: Sampling) { self.kernel = kernel }

    let template = "sampling.c"
    let family = "SAMPLING"
    let variant = ""
    var operation: String {
        "sampling_\(kernel.map)x\(kernel.channels)"
            + (kernel.outputStride == 4 * kernel.channels ? "" : "_out\(kernel.outputStride)")
    }
    func fields(isa: ISA) -> [ShapeField] {
        mapFields(kernel.map, kernel.channels) + [ShapeField("output_stride", kernel.outputStride)]
    }

    func context(name: String, isa: ISA) -> Any {
        MapContext(name, kernel.map, kernel.channels, stride: kernel.outputStride)
    }
}

struct FeatureMapSource: KernelSource {
    let kernel: FeatureMap
    init(_ kernel: FeatureMap) { self.kernel = kernel }

    var template: String { "feature_\(kernel.layout.rawValue).c" }
    let family = "FEATURE_MAP"
    let variant = ""
    var operation: String {
        "feature_map_\(kernel.map)x\(kernel.channels)"
            + (kernel.isNormalised ? "_norm" : "") + "_\(kernel.layout.rawValue)"
    }
    func fields(isa: ISA) -> [ShapeField] {
        mapFields(kernel.map, kernel.channels) + [
            ShapeField("is_normalised", kernel.isNormalised ? 1 : 0),
            ShapeField("is_planes", kernel.layout == .planes ? 1 : 0),
            ShapeField("scratch", kernel.scratch),
        ]
    }

    func context(name: String, isa: ISA) -> Any {
        Context(
            name: name, height: kernel.map.height, width: kernel.map.width,
            channels: kernel.channels, block: kernel.block, stride: kernel.blockStride,
            isNormalised: kernel.isNormalised ? 1 : 0)
    }

    private struct Context {
        let name: String
        let height, width, channels, block, stride, isNormalised: Int
    }
}

private func mapFields(_ map: Resolution, _ channels: Int) -> [ShapeField] {
    [
        ShapeField("height", map.height), ShapeField("width", map.width),
        ShapeField("channels", channels),
    ]
}

private struct MapContext {
    let name: String
    let height, width, channels, stride, window: Int

    init(_ name: String, _ map: Resolution, _ channels: Int, stride: Int = 0, window: Int = 0) {
        self.name = name
        height = map.height
        width = map.width
        self.channels = channels
        self.stride = stride
        self.window = window
    }
}
