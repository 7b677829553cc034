import CodeGeneration
import Foundation
import HiLoKit
import Machines
import Planning
import Toolchain

/// Everything that decides how fast a kernel is, apart from the kernel: measurements are worth
/// something only where all of it is equal.
public struct Machine: Sendable, Hashable, Codable {
    /// `AMD EPYC, family 25, model 17, stepping 1`.
    public let processor: String
    /// Linux's names of the instruction sets, sorted.
    public let instructions: [String]
    /// Bytes of the caches L1d, L2 and L3; 0 where the system does not say.
    public let caches: [Int]
    public let threads: Int
    /// `clang 14.0.6`.
    public let compiler: String
    public let flags: String
    public let isa: ISA
    public let precision: Precision
    /// Version of plans and packed weights.
    public let generator: Int

    /// Version of what this HiLo plans and packs.
    static let generatorVersion = Plan.formatVersion

    /// This machine, with code for `isa` by `compiler`.
    public init(isa: ISA, precision: Precision, threads: Int, compiler: Compiler) {
        self.init(
            isa: isa, precision: precision, threads: threads, compiler: compiler.label,
            cpu: .current())
    }

    init(isa: ISA, precision: Precision, threads: Int, compiler: String, cpu: HostCPU) {
        processor = Self.processor(cpu)
        instructions = cpu.isaFlags.sorted()
        caches = [cpu.l1d, cpu.l2, cpu.l3].map { $0 ?? 0 }
        self.threads = threads
        self.compiler = compiler
        flags = (CompileFlags.common + isa.compileFlags)
            .joined(separator: " ")
        self.isa = isa
        self.precision = precision
        generator = Self.generatorVersion
    }

    /// Names of what tells processors of one maker apart, on x86 and on Arm.
    private static let fields = [
        "cpu family", "model", "stepping", "CPU implementer", "CPU architecture", "CPU variant",
        "CPU part", "CPU revision",
    ]

    static func processor(_ cpu: HostCPU) -> String {
        let details = fields.compactMap { name in
            cpu.fields[name].map { "\(name.replacing(#/^(cpu|CPU) /#, with: "")) \($0)" }
        }
        return ([cpu.model] + details).joined(separator: ", ")
    }

    /// Threads that a library uses when nobody says otherwise.
    public static func defaultThreads(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> Int {
        let asked = environment["OMP_NUM_THREADS"].flatMap { Int($0) } ?? 0
        return asked > 0 ? asked : HostCPU.current().cores
    }
}

extension Compiler {
    /// Names it in records: `clang 14.0.6`.
    var label: String { "\(family.rawValue) \(version)" }
}
