/// The pixels of an object in a picture, as runs down the columns: pixel (x, y) is number x ·
/// height + y.
public struct RunLengthMask: Equatable, Sendable {
    public let height: Int
    public let width: Int
    /// The object's pixels: ascending, apart, none empty.
    let runs: [Range<Int>]

    /// Lengths of runs, beginning with one outside the object.
    ///
    /// - Throws: `EvaluationError` when they do not fill the picture.
    public init(height: Int, width: Int, counts: [Int]) throws {
        let pixels = try Self.pixels(height, width)
        var runs: [Range<Int>] = []
        var position = 0
        for (index, count) in counts.enumerated() {
            guard count >= 0, count <= pixels - position else {
                throw EvaluationError("the runs of a mask do not fit its \(height)×\(width) pixels")
            }
            if index % 2 == 1 { Self.append(position..<position + count, to: &runs) }
            position += count
        }
        guard position == pixels else {
            throw EvaluationError(
                "the runs of a mask have \(position) of its \(height)×\(width) pixels")
        }
        self.init(height: height, width: width, runs: runs)
    }

    /// The text of COCO's results: numbers of 5 bits a character, lowest first, the 6th bit says
    /// that more follow; from the fourth number on, the difference to the last but one.
    public init(height: Int, width: Int, compressed text: String) throws {
        var counts: [Int] = []
        var bytes = text.utf8.makeIterator()
        while let first = bytes.next() {
            var (value, shift, byte) = (0, 0, first)
            while true {
                guard (48..<112).contains(byte), shift < 60 else {
                    throw EvaluationError("a mask's text has a character that none may have")
                }
                value |= (Int(byte - 48) & 0x1f) << shift
                shift += 5
                guard (byte - 48) & 0x20 != 0 else { break }
                guard let next = bytes.next() else {
                    throw EvaluationError("a mask's text ends in the middle of a number")
                }
                byte = next
            }
            if (byte - 48) & 0x10 != 0 { value |= -1 << shift }
            counts.append(counts.count > 2 ? counts[counts.count - 2] &+ value : value)
        }
        try self.init(height: height, width: width, counts: counts)
    }

    /// - Parameter runs: ascending and apart.
    init(height: Int, width: Int, runs: [Range<Int>]) {
        self.height = height
        self.width = width
        self.runs = runs
    }

    static func pixels(_ height: Int, _ width: Int) throws -> Int {
        guard (1...1 << 20).contains(height), (1...1 << 20).contains(width) else {
            throw EvaluationError("a mask of \(height)×\(width) pixels; expected sides up to 2^20")
        }
        return height * width
    }

    public var area: Int { runs.reduce(0) { $0 + $1.count } }

    /// A byte for each pixel of the picture, row by row: 1 is the object, else 0.
    public var pixels: [UInt8] {
        var pixels = [UInt8](repeating: 0, count: height * width)
        for run in runs {
            for place in run { pixels[place % height * width + place / height] = 1 }
        }
        return pixels
    }

    /// x, y, width and height of the smallest box around the object; zeros when it is empty.
    var box: [Double] {
        guard let first = runs.first, let last = runs.last else { return [0, 0, 0, 0] }
        let (left, right) = (first.lowerBound / height, (last.upperBound - 1) / height)
        var (top, bottom) = (height, 0)
        for run in runs {
            let isInOneColumn = run.lowerBound / height == (run.upperBound - 1) / height
            top = min(top, isInOneColumn ? run.lowerBound % height : 0)
            bottom = max(bottom, isInOneColumn ? (run.upperBound - 1) % height : height - 1)
        }
        return [left, top, right - left + 1, bottom - top + 1].map(Double.init)
    }

    /// Pixels that belong to both objects.
    func intersection(_ other: RunLengthMask) -> Int {
        var (mine, theirs, count) = (0, 0, 0)
        while mine < runs.count && theirs < other.runs.count {
            let (run, with) = (runs[mine], other.runs[theirs])
            let common =
                min(run.upperBound, with.upperBound) - max(run.lowerBound, with.lowerBound)
            count += max(0, common)
            if run.upperBound < with.upperBound { mine += 1 } else { theirs += 1 }
        }
        return count
    }

    /// The pixels that belong to one of two objects in the same picture.
    func union(_ other: RunLengthMask) -> RunLengthMask {
        var joined: [Range<Int>] = []
        for run in (runs + other.runs).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            Self.append(run, to: &joined)
        }
        return RunLengthMask(height: height, width: width, runs: joined)
    }

    /// Appends a run that does not begin before the last one; they may touch or overlap.
    private static func append(_ run: Range<Int>, to runs: inout [Range<Int>]) {
        guard !run.isEmpty else { return }
        if let last = runs.last, run.lowerBound <= last.upperBound {
            let end = max(last.upperBound, run.upperBound)
            runs[runs.count - 1] = last.lowerBound..<end
        } else {
            runs.append(run)
        }
    }
}
