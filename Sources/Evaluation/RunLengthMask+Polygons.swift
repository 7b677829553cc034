extension RunLengthMask {
    /// What lies inside one of several closed lines, x and y of corners in turn, rasterised as in
    /// COCO's own tools, whose masks this equals to the pixel: corners are rounded to fifths of a
    /// pixel, the line between two is walked in such steps, and a column changes between inside and
    /// outside where the line crosses its middle.
    ///
    /// - Throws: `EvaluationError` when a line has less than three corners or lies far outside.
    public init(height: Int, width: Int, polygons: [[Double]]) throws {
        _ = try Self.pixels(height, width)
        self = try polygons.reduce(RunLengthMask(height: height, width: width, runs: [])) {
            try $0.union(
                RunLengthMask(
                    height: height, width: width, changes: Self.changes($1, height, width)))
        }
    }

    /// Changes between outside and inside, in any order; two at one pixel cancel each other.
    private init(height: Int, width: Int, changes: [Int]) {
        var left: [Int] = []
        for change in changes.sorted() {
            if left.last == change { left.removeLast() } else { left.append(change) }
        }
        if left.count % 2 == 1 { left.append(height * width) }
        let runs = stride(from: 0, to: left.count, by: 2).map { left[$0]..<left[$0 + 1] }
        self.init(height: height, width: width, runs: runs.filter { !$0.isEmpty })
    }

    /// Steps a pixel is divided into.
    private static let steps = 5
    /// Corners may lie outside the picture, but not so far that walking there takes forever.
    private static let limit = 1e6

    /// Numbers of the pixels at which one line makes columns change.
    private static func changes(_ polygon: [Double], _ height: Int, _ width: Int) throws -> [Int] {
        guard polygon.count >= 6, polygon.count % 2 == 0 else {
            throw EvaluationError(
                "a polygon of \(polygon.count) numbers; expected x and y of 3 corners or more")
        }
        guard polygon.allSatisfy({ abs($0) <= limit }) else {
            throw EvaluationError("a polygon's corner is more than \(Int(limit)) pixels away")
        }
        let corners = stride(from: 0, to: polygon.count, by: 2).map { index in
            GridPoint(
                x: Int(Double(steps) * polygon[index] + 0.5),
                y: Int(Double(steps) * polygon[index + 1] + 0.5))
        }
        var changes: [Int] = []
        for (index, corner) in corners.enumerated() {
            var last = corner
            GridPoint.walk(from: corner, to: corners[(index + 1) % corners.count]) { point in
                if let change = change(from: last, to: point, height, width) {
                    changes.append(change)
                }
                last = point
            }
        }
        return changes
    }

    /// The pixel at which a step from one column of the grid to the next changes the column of
    /// pixels whose middle it crosses; nil if it crosses none.
    private static func change(
        from old: GridPoint, to new: GridPoint, _ height: Int, _ width: Int
    ) -> Int? {
        let fromMiddle = min(old.x, new.x) - steps / 2
        guard old.x != new.x, fromMiddle >= 0, fromMiddle % steps == 0 else { return nil }
        let column = fromMiddle / steps
        guard column < width else { return nil }
        let above = min(old.y, new.y) - steps / 2
        // The first row whose middle is not above the crossing.
        let row = above <= 0 ? 0 : min((above + steps - 1) / steps, height)
        return column * height + row
    }
}

/// A point of a grid of fifths of pixels.
private struct GridPoint {
    var x: Int
    var y: Int

    /// Visits the points of the grid nearest to a straight line, one for each step along its longer
    /// side, both ends included. The points are the same in both directions.
    static func walk(from start: GridPoint, to end: GridPoint, visit: (GridPoint) -> Void) {
        let across = abs(end.x - start.x)
        let down = abs(end.y - start.y)
        let isFlat = across >= down
        let length = max(across, down)
        guard length > 0 else { return visit(start) }
        let isReversed = isFlat ? start.x > end.x : start.y > end.y
        let (low, high) = isReversed ? (end, start) : (start, end)
        let rise = isFlat ? high.y - low.y : high.x - low.x
        let slope = Double(rise) / Double(length)
        for step in 0...length {
            let along = isReversed ? length - step : step
            let other = slope * Double(along)
            if isFlat {
                visit(GridPoint(x: low.x + along, y: Int(Double(low.y) + other + 0.5)))
            } else {
                visit(GridPoint(x: Int(Double(low.x) + other + 0.5), y: low.y + along))
            }
        }
    }
}
