import CodeGeneration
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
    /// - Throws: `ToolchainError` when the program cannot be built, as without OpenMP, or breaks off.
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

    private static func build(_ isa: ISA, _ compiler: Compiler, in folder: URL) async throws -> URL
    {
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
