import Graphs

/// What templates of kernels on a map are filled with; nil is what a template does not have.
struct MapContext: Sendable {
    let name: String
    let height, width: String
    let channels: Int
    let stride, outputStride, window: Int?
    let sizes: SizeTags
    let input, output: ElementTags

    init(
        _ name: String, _ map: Resolution, _ channels: Int, stride: Int? = nil,
        outputStride: Int? = nil, window: Int? = nil, input: ElementType? = nil,
        output: ElementType? = nil
    ) {
        self.name = name
        (height, width) = (map.heightText, map.widthText)
        self.channels = channels
        self.stride = stride
        self.outputStride = outputStride
        self.window = window
        sizes = SizeTags(map)
        (self.input, self.output) = (ElementTags(input), ElementTags(output))
    }
}

func mapFields(_ map: Resolution) -> [ShapeField] {
    [ShapeField("height", map.height), ShapeField("width", map.width)]
}

func mapFields(_ map: Resolution, _ channels: Int) -> [ShapeField] {
    mapFields(map) + [ShapeField("channels", channels)]
}

/// What templates of kernels on rows of a matrix are filled with.
struct RowsContext: Sendable {
    let name: String
    let rows: String
    let channels: Int
    let flexible: Bool
    /// Maps whose tokens the rows are.
    let mapCount: Int
    let output: ElementTags

    init(name: String, rows: TokenCount, channels: Int, output: ElementType? = nil) {
        self.name = name
        self.rows = rows.text
        self.channels = channels
        (flexible, mapCount) = (rows.isFlexible, rows.rules.count)
        self.output = ElementTags(output)
    }
}

func rowsFields(_ rows: Int, _ channels: Int) -> [ShapeField] {
    [ShapeField("rows", rows), ShapeField("channels", channels)]
}
