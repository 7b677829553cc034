import Graphs

/// What templates of kernels on a map are filled with; nil is what a template does not have.
struct MapContext: Sendable {
    let name: String
    let height, width, channels: Int
    let stride, window: Int?

    init(
        _ name: String, _ map: Resolution, _ channels: Int, stride: Int? = nil, window: Int? = nil
    ) {
        self.name = name
        height = map.height
        width = map.width
        self.channels = channels
        self.stride = stride
        self.window = window
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
    let rows, channels: Int
}

func rowsFields(_ rows: Int, _ channels: Int) -> [ShapeField] {
    [ShapeField("rows", rows), ShapeField("channels", channels)]
}
