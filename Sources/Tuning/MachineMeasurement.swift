import CodeGeneration
import FileIO
import Foundation
import HiLoKit
import Machines
import Toolchain

/// What a core of a machine was measured to do, in a second.
public struct MachineMeasurement: Sendable, Equatable, Codable {
    /// FLOP of multiply-adds, each counted as two.
    public let peak: Double
    /// Bytes read; of L3 and memory a core's share when all read.
    public let l1, l2, l3, memory: Double

    /// Measures this machine, in about a second beside compiling.
    ///
    /// - Throws: `ToolchainError` when the program cannot be built or breaks off.
    public static func measure(
        _ isa: ISA, cpu: HostCPU = .current(), compiler: Compiler
    ) async throws -> MachineMeasurement {
        let model = MachineModel(isa: isa, cpu: cpu)
        return try await withTemporaryFolder { folder in
            let program = try await build(isa, compiler, in: folder)
            let sizes = [model.l1.capacity, model.l2.capacity, model.l3.capacity, model.cores]
            let output = try await Program.run(program.path, arguments: sizes.map(String.init))
            guard output.succeeded,
                let found = try? JSONDecoder().decode(
                    MachineMeasurement.self, from: Data(output.stdout.utf8))
            else {
                throw ToolchainError.cannotRun(
                    program: program.path, reason: "measuring ended with \(output.status)")
            }
            return found
        }
    }

    private static func build(_ isa: ISA, _ compiler: Compiler, in folder: URL) async throws -> URL {
        let files = MachineProgram.files(for: isa)
        for file in files { try file.write(to: folder.appending(path: file.path)) }
        let commands = files.map(\.path).filter { $0.hasSuffix(".c") }.map {
            CompileCommand($0, in: folder, includes: ["src", "harness"])
        }
        let products = folder.appending(path: "build")
        let program = Product(.executable, name: "measure", objects: commands.map(\.object))
        _ = try await Build(compiler: compiler, folder: products)
            .perform(BuildRecipe(commands: commands, products: [program]))
        return products.appending(path: program.name)
    }
}

extension MachineModel {
    /// With what was measured.
    public func measured(_ found: MachineMeasurement) -> MachineModel {
        var model = self
        model.peak = found.peak
        model.l1.bandwidth = found.l1
        model.l2.bandwidth = found.l2
        model.l3.bandwidth = found.l3
        model.memoryBandwidth = found.memory
        return model
    }
}

/// Measurements of the machines that share a cache folder: each is made once.
public struct MachineBook: Sendable {
    private let file: URL

    /// `machines.json` beside the tuning records.
    public init(beside database: TuningDatabase) {
        file = database.file.deletingLastPathComponent().appending(path: "machines.json")
    }

    /// What was measured on this machine for `isa`; nil when nothing was.
    public func measurement(_ isa: ISA, cpu: HostCPU = .current()) -> MachineMeasurement? {
        contents[Self.key(isa, cpu)]
    }

    /// Keeps a measurement, and what other programs keep at the same time. A cache that cannot be
    /// written is no reason to stop.
    public func keep(_ found: MachineMeasurement, _ isa: ISA, cpu: HostCPU = .current()) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        try? FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try? withFileLock(file.path + ".lock") {
            var all = contents
            all[Self.key(isa, cpu)] = found
            try writeAtomically(encoder.encode(all), to: file.path)
        }
    }

    private var contents: [String: MachineMeasurement] {
        guard let data = try? Data(contentsOf: file) else { return [:] }
        return (try? JSONDecoder().decode([String: MachineMeasurement].self, from: data)) ?? [:]
    }

    private static func key(_ isa: ISA, _ cpu: HostCPU) -> String {
        "\(Machine.processor(cpu)), \(cpu.cores) cores, \(isa)"
    }
}
