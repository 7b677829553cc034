import Foundation
import TestFixtures
import Testing

@testable import HiLoKit

/// The libraries of many networks, on every instruction set that this CPU has.
struct LibraryFarms {
    /// A network's number, instruction set and library.
    typealias Visit = (_ index: Int, _ isa: ISA, _ plan: Plan, _ library: LoadedLibrary) throws ->
        Void

    private let isas: [ISA]
    private let farms: [LibraryFarm]
    /// Of each instruction set, a network's where it is wanted.
    private let plans: [[(id: String, plan: Plan)?]]

    /// - Parameters:
    ///   - networks: by an id.
    ///   - isPlanned: whether a network is wanted on an instruction set.
    static func grow(
        _ networks: [(id: String, network: Network)], precision: Precision = .f32,
        where isPlanned: (_ id: String, _ isa: ISA) -> Bool = { _, _ in true }
    ) async throws -> LibraryFarms {
        let sets = ISA.sets(for: precision)
        let isas = sets.filter { $0.isAvailable(emulatingTiles: true) }
        for isa in sets where !isas.contains(isa) {
            print("SKIPPED: this CPU lacks \(isa.title)")
        }
        let plans = try isas.map { isa in
            try networks.map { id, network in
                isPlanned(id, isa)
                    ? (id, try Planner(network, Target(isa: isa, precision: precision)).plan())
                    : nil
            }
        }
        var farms: [LibraryFarm] = []
        for (isa, plans) in zip(isas, plans) {
            farms.append(try await .grow(plans.compactMap { $0 }, isa: isa))
        }
        return LibraryFarms(isas: isas, farms: farms, plans: plans)
    }

    /// Every network with weights that are packed once: they know no instruction set.
    func visit(seeds: [UInt64], _ body: Visit) throws {
        for (index, seed) in seeds.enumerated() {
            guard let (id, plan) = plans.compactMap({ $0[index] }).first else { continue }
            try farms[0].withWeights(id, plan, .seed(seed)) { weights in
                for (isa, (farm, plans)) in zip(isas, zip(farms, plans)) {
                    guard let plan = plans[index]?.plan else { continue }
                    let library = try farm.open(id, plan.network, weights: weights)
                    try body(index, isa, plan, library)
                }
            }
        }
    }

    func remove() { for farm in farms { farm.remove() } }
}

/// Shared libraries of many plans, compiled together: a kernel that several of them use is compiled
/// once, since equal names mean equal text.
struct LibraryFarm {
    private let folder: URL
    private let build: URL
    /// A tile unit that the CPU lacks is emulated.
    private let isa: ISA
    /// Kernels, by their names.
    private let optimised: Set<String>

    /// - Parameters:
    ///   - plans: by an id; all of one instruction set.
    ///   - runs: how often each library runs, or so.
    ///   - program: C that becomes a part of each library.
    static func grow(
        _ plans: [(id: String, plan: Plan)], isa: ISA, runs: Int = 10,
        with program: URL? = nil
    ) async throws -> LibraryFarm {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "hilo-farm-\(isa)-\(UUID().uuidString)")
        let farm = LibraryFarm(
            folder: folder, build: folder.appending(path: "build"), isa: isa,
            optimised: optimised(plans.map(\.plan), runs: runs))
        var shared: [String: GeneratedFile] = [:]
        var commands: [CompileCommand] = []
        var products: [Product] = []
        for (id, plan) in plans {
            var objects: [String] = []
            for file in Generator(plan).files() where isPartOfLibrary(file.path) {
                let isKernel = file.path.hasPrefix("src/kernels/")
                if isKernel || isInnerHeader(file.path) {
                    let twin = shared.updateValue(file, forKey: file.path) ?? file
                    #expect(twin == file, "two files with one name: \(file.path)")
                    try farm.write(file.contents, "shared/\(file.path)")
                }
                if !isKernel { try farm.write(file.contents, "\(id)/\(file.path)") }
                guard file.path.hasSuffix(".c") else { continue }
                let command = farm.command(file.path, of: isKernel ? "shared" : id)
                objects.append(command.object)
                if !commands.contains(command) { commands.append(command) }
            }
            if let program {
                let path = "src/\(program.lastPathComponent)"
                try farm.write(String(contentsOf: program, encoding: .utf8), "\(id)/\(path)")
                commands.append(farm.command(path, of: id))
                objects.append(farm.command(path, of: id).object)
            }
            products.append(
                Product(
                    .sharedLibrary(soname: "lib\(id).so"), name: "lib\(id).so", objects: objects,
                    libraries: ["-lm"]))
        }
        _ = try await Build(compiler: .hasty(), folder: farm.build)
            .perform(BuildRecipe(commands: commands, products: products, threading: .posix))
        return farm
    }

    /// The library `id` with weights of its own; they are written for the duration of `body`.
    func with<Result>(
        _ id: String, _ plan: Plan, _ source: WeightSource, calibration: Calibration? = nil,
        _ body: (LoadedLibrary) throws -> Result
    ) throws -> Result {
        try withWeights(id, LibraryGenerator(plan, source, calibration: calibration)) {
            try body(open(id, plan.network, weights: $0))
        }
    }

    /// The same with values by the parameters' names.
    func with<Result>(
        _ id: String, _ plan: Plan, values: [String: [Float]],
        _ body: (LoadedLibrary) throws -> Result
    ) throws -> Result {
        let matched = WeightSource.Matched(weights: Weights(values), unused: [], absent: [])
        return try withWeights(id, LibraryGenerator(plan, matched, origin: "a test")) {
            try body(open(id, plan.network, weights: $0))
        }
    }

    fileprivate func withWeights<Result>(
        _ id: String, _ plan: Plan, _ source: WeightSource, _ body: (URL) throws -> Result
    ) throws -> Result {
        try withWeights(id, LibraryGenerator(plan, source), body)
    }

    private func withWeights<Result>(
        _ id: String, _ generator: LibraryGenerator, _ body: (URL) throws -> Result
    ) throws -> Result {
        let weights = folder.appending(path: "\(id).safetensors")
        defer { try? FileManager.default.removeItem(at: weights) }
        try generator.writeWeights(to: weights)
        return try body(weights)
    }

    fileprivate func open(
        _ id: String, _ network: Network, weights: URL
    ) throws -> LoadedLibrary {
        try LoadedLibrary(build.appending(path: "lib\(id).so"), network, weights: weights)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    /// Of `make test`, kernels that compute so much that compiling them takes less time than they would without, as
    /// `Compiler.hasty` says.
    private static func optimised(_ plans: [Plan], runs: Int) -> Set<String> {
        let names = plans.flatMap { plan in
            plan.variants.flatMap { variant in
                variant.kernels.filter {
                    let work = $0.work(on: variant.isa, batch: plan.target.maxBatch)
                    return Double(runs) * (work.fmas + work.operations) > 2e7
                }.map { $0.functionName(model: plan.network.name, isa: variant.isa) }
            }
        }
        return Set(names)
    }

    private func optimisation(_ path: String) -> [String] {
        let name = URL(filePath: path).deletingPathExtension().lastPathComponent
        return !TestScope.isLong && optimised.contains(name) ? ["-O2"] : []
    }

    private static func isPartOfLibrary(_ path: String) -> Bool {
        (path.hasPrefix("src/") || path.hasPrefix("include/")) && Team.threads.includes(file: path)
    }

    /// Whether kernels may include it.
    private static func isInnerHeader(_ path: String) -> Bool {
        path.hasPrefix("src/") && path.hasSuffix(".h") && path != "src/internal.h"
    }

    private func write(_ text: String, _ path: String) throws {
        let file = folder.appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    private func command(_ path: String, of library: String) -> CompileCommand {
        CompileCommand(
            path, at: "\(library)/\(path)", in: folder,
            includes: ["\(library)/include", "\(library)/src"],
            extraFlags: ["-Werror"] + optimisation(path)
                + (isa.isAvailable() ? [] : [GeneratedLibrary.emulationFlag]))
    }
}
