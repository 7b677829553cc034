import Graphs
import Machines
import Planning
import Toolchain

extension ISA {
    /// Whether `cpu` has the instructions of kernels for this instruction set.
    ///
    /// - Parameter emulatingTiles: whether it may lack a tile unit, which vectors then emulate.
    public func isAvailable(
        on cpu: HostCPU = .current(), emulatingTiles: Bool = false
    ) -> Bool {
        let needed = emulatingTiles ? features.subtracting(CPUFeature.tileUnit) : features
        return (architecture == nil || architecture == .host)
            && cpu.isaFlags.isSuperset(of: needed.map(\.rawValue))
    }

    /// The best instruction set that `cpu` has.
    public static func native(_ cpu: HostCPU = .current(), for precision: Precision = .f32) -> ISA {
        let sets = sets(for: precision).filter { $0.isAvailable(on: cpu) }
        return fastestLast(sets, on: cpu, for: precision).last ?? .generic
    }

    /// Those of a library that `cpu` can run, in the order of `known`, with the one last that it chooses: the
    /// rule of cpu.c.mustache.
    static func fastestLast(_ isas: [ISA], on cpu: HostCPU, for precision: Precision) -> [ISA] {
        guard cpu.isIntel, let passed = PassedOver(isas, for: precision), isas.last == passed.isa
        else { return isas }
        return isas.filter { $0 != passed.instead } + [passed.instead]
    }

    /// Those that differ in kernels of a precision.
    public static func sets(for precision: Precision) -> [ISA] {
        switch precision {
        case .f32, .bf16Weights: all
        case .bf16: known.filter { $0.multipliesBF16 || all.contains($0) }
        case .int8: known
        }
    }
}

extension GeneratedLibrary {
    /// The instruction sets of the library that `cpu` can run, the fastest last.
    public func runnable(on cpu: HostCPU = .current()) -> [ISA] {
        ISA.fastestLast(
            plan.target.isas.filter { $0.isAvailable(on: cpu, emulatingTiles: emulatesTiles) },
            on: cpu, for: plan.target.precision)
    }

    /// The variant that runs on `cpu`; the first one where none does.
    public func best(on cpu: HostCPU = .current()) -> Variant {
        runnable(on: cpu).last.flatMap { plan.variant($0) } ?? plan.variants[0]
    }

    /// The best variant on this machine, with its pass at a resolution; nil is the first.
    public func bestPass(at resolution: Resolution? = nil) -> (variant: Variant, pass: Pass) {
        let variant = best()
        return (variant, resolution.flatMap { variant.pass(at: $0) } ?? variant.passes[0])
    }
}
