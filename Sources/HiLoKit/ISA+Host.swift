import Planning
import Toolchain

extension ISA {
    /// The best instruction set that `cpu` has.
    public static func native(_ cpu: HostCPU = .current()) -> ISA {
        if cpu.isaFlags.isSuperset(of: ["avx512f", "avx512bw", "avx512dq", "avx512vl"]) {
            return .avx512
        }
        return cpu.isaFlags.isSuperset(of: ["avx2", "fma"]) ? .avx2 : .generic
    }
}
