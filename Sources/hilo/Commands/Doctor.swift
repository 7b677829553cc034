import ArgumentParser
import HiLoKit

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Shows the compiler and the CPU that HiLo would use, and what it was measured to do.")

    @Flag(help: "Prints one JSON object.")
    var json = false

    func run() async throws {
        do {
            let found = try await Compiler.search()
            let machine = await PredictedMachine(.native(), compiler: { found.compiler })
            try show(DoctorReport(.current(), found.compiler, found.rejected, machine: machine))
        } catch let error as ToolchainError {
            if case .noCompiler(let tried) = error {
                try show(DoctorReport(.current(), nil, tried))
            }
            throw error
        }
    }

    private func show(_ report: DoctorReport) throws {
        if json {
            try Console.print(json: report)
        } else {
            try Console.print(report.text)
        }
    }
}

/// What `doctor` found.
private struct DoctorReport: Encodable {
    struct CompilerReport: Encodable {
        let path, family, version: String
        /// What OpenMP needs; nil without it.
        let compileFlags, linkFlags: [String]?

        init(_ compiler: Compiler) {
            path = compiler.path
            family = compiler.family.rawValue
            version = compiler.version
            compileFlags = compiler.openMP?.compileFlags
            linkFlags = compiler.openMP?.linkFlags
        }

        var openMP: String {
            guard let compileFlags, let linkFlags else {
                return "none, which hilo build --team openmp and measuring this machine need"
            }
            return "compile with \(compileFlags.joined(separator: " ")), "
                + "link with \(linkFlags.joined(separator: " "))"
        }
    }

    struct Rejection: Encodable {
        let compiler, reason: String
    }

    struct CPUReport: Encodable {
        let model, isa: String
        let flags: [String]
        let cores: Int
        let l1dBytes, l2Bytes, l3Bytes: Int?
    }

    let compiler: CompilerReport?
    let rejected: [Rejection]
    let cpu: CPUReport
    /// What predictions rest on; nil without a compiler to measure with.
    let machine: String?

    init(
        _ host: HostCPU, _ compiler: Compiler?, _ rejected: [RejectedCompiler],
        machine: PredictedMachine? = nil
    ) {
        self.machine = machine?.summary
        self.compiler = compiler.map(CompilerReport.init)
        self.rejected = rejected.map { Rejection(compiler: $0.compiler, reason: $0.reason) }
        cpu = CPUReport(
            model: host.model, isa: ISA.native(host).name, flags: host.isaFlags.sorted(),
            cores: host.cores, l1dBytes: host.l1d, l2Bytes: host.l2, l3Bytes: host.l3)
    }

    var text: String {
        let compilerLines =
            compiler.map {
                [
                    "compiler: \($0.path) (\($0.family) \($0.version))",
                    "openmp: \($0.openMP)",
                ]
            } ?? ["compiler: none that builds programs that run"]
        return
            (compilerLines + rejected.map { "rejected: \($0.compiler): \($0.reason)" } + [
                "cpu: \(cpu.model)", "isa: \(cpu.isa) (of \(cpu.flags.joined(separator: " ")))",
                "cores: \(cpu.cores)",
                "caches: \(cacheText(l1d: cpu.l1dBytes, l2: cpu.l2Bytes, l3: cpu.l3Bytes))",
            ] + (machine.map { ["machine: \($0)"] } ?? [])).joined(separator: "\n")
    }
}
