import Machines
import Toolchain

extension MachineModel {
    /// The model's defaults for `isa`, with the cores and caches of `cpu` where the system says.
    ///
    /// - Parameter threads: cores that take part; nil is all.
    public init(isa: ISA, cpu: HostCPU, threads: Int? = nil) {
        self.init(isa: isa, cores: max(1, threads ?? cpu.cores))
        if let bytes = cpu.l1d { l1.capacity = bytes }
        if let bytes = cpu.l2 { l2.capacity = bytes }
        if let bytes = cpu.l3 { l3.capacity = bytes }
    }
}
