/// A part of the arena that holds one token map for some steps.
public struct ArenaBuffer: Sendable, Equatable {
    /// Floats of one image before it.
    public let offset: Int
    /// Floats of one image, a multiple of a cache line.
    public fileprivate(set) var size: Int
    /// First and last step that uses it.
    public fileprivate(set) var steps: ClosedRange<Int>
}

extension Plan {
    /// What lies in the arena at which steps, in the order of the first use.
    ///
    /// A step that writes where nothing was read since the last write adds columns to the same map,
    /// and one that writes where it reads works in place; any other write begins a new map.
    public var buffers: [ArenaBuffer] {
        var buffers: [ArenaBuffer] = []
        var open: [Int: (index: Int, isRead: Bool)] = [:]
        for (step, operands) in steps.map({ uses(of: $0) }).enumerated() {
            let reads = Set(operands.filter { !$0.isWrite }.map(\.offset))
            for operand in operands {
                let current = open[operand.offset]
                let goesOn =
                    current.map {
                        !operand.isWrite || !$0.isRead || reads.contains(operand.offset)
                    } ?? false
                if let current, goesOn {
                    buffers[current.index].extend(to: step, size: operand.size)
                    open[operand.offset] = (current.index, current.isRead || !operand.isWrite)
                } else {
                    open[operand.offset] = (buffers.count, !operand.isWrite)
                    buffers.append(
                        ArenaBuffer(
                            offset: operand.offset, size: operand.size, steps: step...step))
                }
            }
        }
        return buffers
    }

    private typealias Use = (offset: Int, size: Int, isWrite: Bool)

    /// A step's operands in the arena; what is read comes first.
    private func uses(of step: Step) -> [Use] {
        let extents = kernels[step.kernel].extents
        let operands: [(Operand?, TokenExtent?, Bool)] = [
            (step.input, extents.input, false), (step.second, extents.second, false),
            (step.output, extents.output, true),
        ]
        return operands.compactMap { operand, extent, isWrite in
            guard let operand, let extent, operand.base == .arena else { return nil }
            return (operand.offset, extent.span.rounded(upTo: 16), isWrite)
        }
    }
}

extension ArenaBuffer {
    fileprivate mutating func extend(to step: Int, size other: Int) {
        size = max(size, other)
        steps = steps.lowerBound...step
    }
}

extension Plan {
    /// Floats of one image of the largest set of maps that are alive at the same step: no arena can
    /// be smaller.
    public var peakFloats: Int {
        let buffers = buffers
        return steps.indices.map { step in
            buffers.filter { $0.steps.contains(step) }.reduce(0) { $0 + $1.size }
        }.max() ?? 0
    }
}
