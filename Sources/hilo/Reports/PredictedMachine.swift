import HiLoKit
import Tuning

/// The machine that predictions are for: this one, measured once, where it can run the instruction set
/// and has a compiler; else what is usual.
struct PredictedMachine {
    let model: MachineModel
    let isMeasured: Bool

    /// - Parameter compiler: asked only where something has to be measured, by a program with OpenMP.
    init(
        _ isa: ISA, threads: Int? = nil,
        compiler find: () async throws -> Compiler = { try await Compiler.find() }
    ) async {
        let cpu = HostCPU.current()
        let usual = MachineModel(isa: isa, cpu: cpu, threads: threads)
        let book = MachineBook(
            beside: TuningDatabase(warn: Console.note), warn: Console.note)
        var found = isa.isAvailable(on: cpu) ? book.measurement(isa, cpu: cpu) : nil
        if found == nil, isa.isAvailable(on: cpu), let compiler = try? await find(),
            compiler.openMP != nil
        {
            Console.note("measuring this machine once, for predictions")
            found = try? await MachineMeasurement.measure(isa, cpu: cpu, compiler: compiler)
            if let found { book.keep(found, isa, cpu: cpu) }
        }
        model = found.map { usual.measured($0) } ?? usual
        isMeasured = found != nil
    }

    /// What predictions rest on.
    var summary: String {
        (isMeasured ? "this machine as it was measured, " : "a usual machine, ") + model.summary
    }
}
