import Foundation
import HiLoKit
import TestFixtures
import Testing

@Suite struct ReportTests {
    private let sandbox: Sandbox

    init() throws {
        sandbox = try Sandbox()
        try sandbox.writeConfiguration()
    }

    private func object(_ ending: Ending) throws -> [String: Any] {
        #expect(ending.status == 0, "\(ending.stderr)")
        let value = try JSONSerialization.jsonObject(with: Data(ending.stdout.utf8))
        return try #require(value as? [String: Any])
    }

    @Test func thePlanAsATable() async throws {
        let ending = try await sandbox.hilo(
            "plan", "--model", "hilo", "--dim", "24", "--heads", "4", "--alpha", "0.5",
            "--isa", "generic")
        #expect(ending.status == 0)
        let rows = ending.stdout.split(separator: "\n").map {
            $0.split(separator: " ").map(String.init)
        }
        let names = rows.compactMap(\.first)
        for kernel in ["gemm", "average_pool", "hifi_attention", "lofi_attention"] {
            #expect(names.contains(kernel))
        }
        // The queries of Lo-Fi and the qkv of Hi-Fi are one GEMM: 24 to 12 + 3 · 12 channels.
        let joined = try #require(rows.first { $0.contains("196x24x48") })
        #expect(joined.joined(separator: " ").contains("2 linears"))
        let total = try #require(rows.first { $0.first == "total" })
        #expect(total.suffix(2) == ["100.0", "%"])
        try expectConsistentPredictions(rows, total: total)
    }

    /// Times and shares of the kernels add up to those of the network.
    private func expectConsistentPredictions(_ rows: [[String]], total: [String]) throws {
        let kernels = rows.filter { $0.last == "%" && $0.first != "total" }
        let predictions = kernels.map { cells in
            (time: Double(cells[cells.count - 4]), share: Double(cells[cells.count - 2]))
        }
        let time = try #require(Double(total[total.count - 3]))
        #expect(kernels.count >= 4)
        #expect(predictions.allSatisfy { $0.time != nil && $0.share != nil })
        let sum = predictions.reduce((0, 0)) { ($0.0 + ($1.time ?? 0), $0.1 + ($1.share ?? 0)) }
        #expect(abs(sum.0 - time) <= 0.0005 * Double(kernels.count + 1))
        #expect(abs(sum.1 - 100) <= 0.05 * Double(kernels.count + 1))
    }

    @Test func aCheckpoint() async throws {
        try sandbox.writeCheckpoint("tiny.safetensors")
        let network = Network(try LITv2(yaml: Sample.yaml, source: "tiny.yaml"))
        let json = try await object(sandbox.hilo("inspect", "tiny.safetensors", "--json"))
        #expect(json["format"] as? String == "safetensors")
        #expect(json["parameters"] as? Int == network.parameterCount)
        #expect((json["tensors"] as? [Any])?.count == network.parameters.count)
        let text = try await sandbox.hilo("inspect", "tiny.safetensors").stdout
        #expect(text.contains("parameters: \(network.parameterCount)\n"))
        #expect(text.contains("5 x 96"))
    }

    @Test func aLibraryAndItsWeights() async throws {
        #expect(
            try await sandbox.hilo(
                "generate", "--config", "tiny.yaml", "--seed", "4", "--output", "lib"
            ).status == 0)
        let network = Network(try LITv2(yaml: Sample.yaml, source: "tiny.yaml"))
        let json = try await object(sandbox.hilo("inspect", "lib", "--json"))
        #expect(json["parameters"] as? Int == network.parameterCount)
        #expect(json["macs"] as? Int == network.macs)
        #expect(json["origin"] as? String == "seed 4")
        #expect((json["parts"] as? [Any])?.count == 6)
        let text = try await sandbox.hilo("inspect", "lib").stdout
        #expect(text.contains("stage 4"))
        #expect(text.contains("origin seed 4"))
        let weights = try await object(
            sandbox.hilo("inspect", "lib/weights/tiny.safetensors", "--json"))
        #expect(weights["fingerprint"] as? String == json["fingerprint"] as? String)
    }

    @Test func conversionKeepsTensors() async throws {
        try sandbox.writeCheckpoint("in.safetensors")
        #expect(try await sandbox.hilo("convert", "in.safetensors", "out.safetensors").status == 0)
        let before = try Checkpoint.read(path: sandbox.file("in.safetensors").path)
        let after = try Checkpoint.read(path: sandbox.file("out.safetensors").path)
        #expect(before.names == after.names)
        for name in before.names { #expect(try before.floats(name) == after.floats(name)) }
    }
}
