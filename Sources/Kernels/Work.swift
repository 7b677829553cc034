import Graphs
import Machines

/// What the CPU does in one call of a kernel, all threads together, in vector instructions.
public struct Work: Sendable, Equatable {
    /// Multiply-adds, with what padding and latency waste.
    public var fmas: Double
    /// Other arithmetic.
    public var operations: Double
    /// Loads and stores; broadcasts of one float take as long as a vector.
    public var accesses: Double
    /// Bytes between L2 and L1.
    public var l2Bytes: Double
    /// Equal parts that threads share.
    public var units: Int

    public init(
        fmas: Double = 0, operations: Double = 0, accesses: Double = 0, l2Bytes: Double = 0,
        units: Int = 1
    ) {
        self.fmas = fmas
        self.operations = operations
        self.accesses = accesses
        self.l2Bytes = l2Bytes
        self.units = units
    }

    /// Arithmetic of functions that are series of instructions, for a vector, as simd.h and the headers
    /// of instruction sets have them: where there is no reciprocal, a division takes as long as eight
    /// others, and where nothing scales by a power of two it is five.
    static func gelu(on isa: ISA) -> Double { isa.lanes == 16 ? 20 : 24 }
    static func exponential(on isa: ISA) -> Double { isa.lanes == 16 ? 13 : 17 }

    /// Of `images` images, from that of one; each byte passes L2 once.
    func times(_ images: Int, _ traffic: Traffic) -> Work {
        var work = times(images)
        work.l2Bytes = Double(traffic.total(batch: images))
        return work
    }

    /// Of `images` images, from that of one.
    func times(_ images: Int) -> Work {
        let factor = Double(images)
        return Work(
            fmas: factor * fmas, operations: factor * operations, accesses: factor * accesses,
            l2Bytes: factor * l2Bytes, units: units * images)
    }
}

/// Vectors of all tokens of a map.
func vectors(rows: Int, channels: Int, lanes: Int) -> Double {
    Double(rows * channels.dividedRoundingUp(by: lanes))
}
