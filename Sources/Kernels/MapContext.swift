import Graphs

/// What templates of kernels on a map are filled with.
struct MapContext: Sendable {
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

func mapFields(_ map: Resolution, _ channels: Int) -> [ShapeField] {
    [
        ShapeField("height", map.height), ShapeField("width", map.width),
        ShapeField("channels", channels),
    ]
}
