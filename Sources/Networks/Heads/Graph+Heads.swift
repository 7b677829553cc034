import Graphs

extension Graph {
    /// A 3×3 convolution, named after its parameter.
    ///
    /// - Parameter maps: that its input holds; nil is one map.
    mutating func convolution(
        _ x: Int, _ name: String, maps: MapList? = nil, to outputs: Int, stride: Int = 1,
        hasBias: Bool = true
    ) -> Int {
        let convolution = Convolution(maps: maps ?? MapList([tensors[x].map]), stride: stride)
        let linear = Linear(
            name, from: 9 * tensors[x].channels, to: outputs, order: .points(9), hasBias: hasBias)
        return add(
            .convolution(linear, convolution), [x], map: convolution.outputs.stacked,
            channels: outputs, label: name)
    }

    mutating func relu(_ x: Int, behind name: String) -> Int {
        add(.relu, [x], label: name + ".relu")
    }

    /// Convolutions `name.0.conv`, `name.1.conv`, …, each with ReLU.
    mutating func tower(_ input: Int, _ name: String, depth: Int, maps: MapList) -> Int {
        var x = input
        for index in 0..<depth {
            let layer = "\(name).\(index).conv"
            x = relu(convolution(x, layer, maps: maps, to: tensors[x].channels), behind: layer)
        }
        return x
    }

    /// A feature pyramid: each map through a 1×1 convolution, plus the coarser sum, through a 3×3
    /// convolution. From coarse to fine, so that two sums exist at a time.
    ///
    /// - Returns: its levels, the finest first.
    mutating func pyramid(on maps: [Int], channels: Int) -> [Int] {
        var levels: [Int] = []
        var coarser: Int?
        for index in maps.indices.reversed() {
            let name = "neck.lateral_convs.\(index).conv"
            var x = linear(
                maps[index], Linear(name, from: tensors[maps[index]].channels, to: channels))
            if let coarser {
                x = add(.upsampledSum, [x, coarser], label: "neck.lateral_convs.\(index).sum")
            }
            coarser = x
            levels.append(convolution(x, "neck.fpn_convs.\(index).conv", to: channels))
        }
        return levels.reversed()
    }

    /// The levels behind one another.
    mutating func stack(_ levels: [Int]) -> Int {
        let maps = MapList(levels.map { tensors[$0].map })
        return add(.stack, levels, map: maps.stacked, label: "pyramid")
    }
}

extension Resolution {
    /// `count` rows without a shape.
    static func rows(_ count: Int) -> Resolution { Resolution(height: count, width: 1) }
}

extension Parameter {
    /// Of a pyramid on maps of so many channels, and of `extra` convolutions of stride 2 behind it.
    static func pyramid(from maps: [Int], to channels: Int, extra: Int = 0) -> [Parameter] {
        let lateral = maps.enumerated().flatMap { index, inputs in
            convolution("neck.lateral_convs.\(index).conv", from: inputs, to: channels, kernel: 1)
        }
        let own = maps.indices.flatMap { index in
            convolution("neck.fpn_convs.\(index).conv", from: channels, to: channels, kernel: 3)
        }
        let more = (0..<extra).flatMap { index in
            convolution(
                "neck.fpn_convs.\(maps.count + index).conv",
                from: index == 0 ? maps[maps.count - 1] : channels, to: channels, kernel: 3)
        }
        return lateral + own + more
    }

    static func tower(_ name: String, depth: Int, channels: Int) -> [Parameter] {
        (0..<depth).flatMap {
            convolution("\(name).\($0).conv", from: channels, to: channels, kernel: 3)
        }
    }
}
