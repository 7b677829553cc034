import Machines

/// Kernels that some CPUs run faster without, although they have the instructions.
///
/// Intel's multiply words of bf16 in vectors at half the rate of floats: fast products of bf16 are those of
/// AMX (docs/PERFORMANCE.md has the measurement, on Emerald Rapids). Where a CPU of theirs offers no AMX, as in many virtual
/// machines, kernels that multiply floats give the same bits sooner.
public struct PassedOver: Sendable, Equatable {
    /// The kernels that are passed over.
    public let isa: ISA
    /// Those that run instead, of equally wide vectors.
    public let instead: ISA

    /// - Parameters:
    ///   - isas: those of a library; nil where it has not both.
    ///   - precision: of integers too, whose products have to stay fast, some layers are bf16.
    public init?(_ isas: [ISA], for precision: Precision) {
        let isa = ISA.avx512bf16
        guard precision == .bf16 || precision == .int8, isas.contains(isa),
            let instead = isas.last(where: {
                $0.vectors == isa.vectors && $0.features.isStrictSubset(of: isa.features)
                    && ($0.multipliesInt8 || precision != .int8)
            })
        else { return nil }
        (self.isa, self.instead) = (isa, instead)
    }
}
