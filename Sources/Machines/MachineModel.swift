/// What a core can do in a second, and what its caches hold: the input of predictions.
public struct MachineModel: Sendable, Equatable {
    /// A level of memory as one core sees it.
    public struct Level: Sendable, Equatable {
        /// Bytes; of L3, shared by all cores.
        public var capacity: Int
        /// Bytes a second and core, sustained.
        public var bandwidth: Double

        public init(capacity: Int, bandwidth: Double) {
            self.capacity = capacity
            self.bandwidth = bandwidth
        }
    }

    public var isa: ISA
    public var cores: Int
    /// FLOP a second of one core that does nothing but multiply-adds, each counted as two.
    public var peak: Double
    public var l1: Level
    public var l2: Level
    public var l3: Level
    /// Bytes a second and core from memory.
    public var memoryBandwidth: Double
    /// Seconds that a step costs beside its work: the call, and the barrier behind it.
    public var stepOverhead = 1.5e-6

    /// A server core of the last years under load on all cores.
    ///
    /// | | generic | avx2 | avx512 |
    /// |---|---|---|---|
    /// | clock, GHz | 3.0 | 3.0 | 2.6 |
    /// | vector FMAs a cycle | 1 | 2 | 2 |
    /// | L1, bytes a cycle: two loads of a vector | 32 | 64 | 128 |
    /// | L2, bytes a cycle | 16 | 32 | 48 |
    ///
    /// L3 gives a core 10 bytes a cycle and memory 10 GB/s; 32 KiB, 1 MiB and 32 MiB of caches.
    public init(isa: ISA, cores: Int = 1) {
        let clock = isa.lanes > 8 ? 2.6e9 : 3e9
        self.isa = isa
        self.cores = cores
        peak = 2 * clock * Double(isa.lanes * (isa == .generic ? 1 : 2))
        l1 = Level(capacity: 32 << 10, bandwidth: clock * Double(2 * 4 * isa.lanes))
        let l2Bytes: [ISA: Double] = [.generic: 16, .avx2: 32, .avx512: 48]
        l2 = Level(capacity: 1 << 20, bandwidth: clock * (l2Bytes[isa] ?? 16))
        l3 = Level(capacity: 32 << 20, bandwidth: clock * 10)
        memoryBandwidth = 10e9
    }

    /// The model with a measured peak; L1 and L2, which run at the core's clock, change with it.
    ///
    /// - Parameter peak: FLOP a second of one core.
    public func measured(peak: Double) -> MachineModel {
        var model = self
        let ratio = peak / self.peak
        model.peak = peak
        model.l1.bandwidth *= ratio
        model.l2.bandwidth *= ratio
        return model
    }
}
