import Graphs
import Kernels

/// A part of the arena that holds one token map for some steps.
public struct ArenaBuffer: Sendable, Equatable {
    /// Bytes of one image before it.
    public let offset: Int
    /// Bytes of one image, a multiple of a cache line.
    public fileprivate(set) var size: Int
    /// First and last step that uses it.
    public fileprivate(set) var steps: ClosedRange<Int>
}

extension Variant {
    /// What lies in the arena at which steps of a pass, in the order of the first use.
    ///
    /// A step that writes where nothing was read since the last write adds columns to the same map,
    /// and one that writes where it reads works in place; any other write begins a new map.
    public func buffers(of pass: Pass) -> [ArenaBuffer] {
        var buffers: [ArenaBuffer] = []
        var open: [Int: (index: Int, isRead: Bool)] = [:]
        for (step, uses) in pass.steps.map({ uses(of: $0) }).enumerated() {
            let reads = Set(uses.filter { !$0.isWrite }.map(\.offset))
            for use in uses {
                let current = open[use.offset]
                let goesOn =
                    current.map { !use.isWrite || !$0.isRead || reads.contains(use.offset) }
                    ?? false
                if let current, goesOn {
                    buffers[current.index].extend(to: step, size: use.size)
                    open[use.offset] = (current.index, current.isRead || !use.isWrite)
                } else {
                    open[use.offset] = (buffers.count, !use.isWrite)
                    buffers.append(
                        ArenaBuffer(offset: use.offset, size: use.size, steps: step...step))
                }
            }
        }
        return buffers
    }

    private typealias Use = (offset: Int, size: Int, isWrite: Bool)

    /// A step's operands in the arena; what is read comes first.
    private func uses(of step: Step) -> [Use] {
        let operands = kernels[step.kernel].operands
        func uses(_ places: [Place], _ operands: [Operand], isWrite: Bool) -> [Use] {
            zip(places, operands).compactMap { place, operand in
                guard case .arena(let offset) = place.base else { return nil }
                return (offset, operand.span.rounded(upTo: 64), isWrite)
            }
        }
        return uses(step.inputs, operands.inputs, isWrite: false)
            + uses(step.outputs, operands.outputs, isWrite: true)
    }

    /// Bytes of one image of the largest set of maps that are alive at the same step: no arena can be
    /// smaller.
    public func peakBytes(of pass: Pass) -> Int {
        let buffers = buffers(of: pass)
        return pass.steps.indices.map { step in
            buffers.filter { $0.steps.contains(step) }.reduce(0) { $0 + $1.size }
        }.max() ?? 0
    }
}

extension ArenaBuffer {
    fileprivate mutating func extend(to step: Int, size other: Int) {
        size = max(size, other)
        steps = steps.lowerBound...step
    }
}
