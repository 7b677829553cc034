import Foundation
import HiLoKit
import TestFixtures
import Testing

@Suite(.enabled("no C compiler with OpenMP") { await Compiler.isThere })
struct ReportCommandTests {
    private static let generate = [
        "generate", "--model", "hilo", "--dim", "12", "--heads", "4", "--alpha", "0.5",
        "--resolution", "4x6", "--isa", "generic", "--name", "small", "--output", "lib",
    ]

    @Test func aReportIsWrittenAndReplaced() async throws {
        let sandbox = try Sandbox()
        #expect(try await sandbox.hilo(Self.generate).status == 0)
        let report = ["report", "lib", "--seconds", "0.05", "--batch", "2", "--threads", "1"]
        let ending = try await sandbox.hilo(report)
        #expect(ending.status == 0, "\(ending.stderr)")
        #expect(ending.stdout.hasSuffix("lib/report.html\n"))
        let page = try text(sandbox, "lib/report.html")
        for name in ["small", "gemm", "hifi_attention", "lofi_attention", "average_pool"] {
            #expect(page.contains(name))
        }
        #expect(page.contains("2 images a call"))
        // Its own report may be replaced, and does not keep the library from being.
        #expect(try await sandbox.hilo(report).status == 0)
        #expect(try await sandbox.hilo(Self.generate).status == 0)

        try await expectOtherFilesAreSafe(sandbox, report)
    }

    private func expectOtherFilesAreSafe(_ sandbox: Sandbox, _ report: [String]) async throws {
        try sandbox.write("lib/report.html", "precious")
        try await sandbox.expectFailure(
            73, of: report, saying: ["lib/report.html", "is no report"])
        #expect(try text(sandbox, "lib/report.html") == "precious")
        try sandbox.write("page.html", "old")
        let named = try await sandbox.hilo(report + ["--output", "page.html"])
        #expect(named.status == 0, "\(named.stderr)")
        #expect(try text(sandbox, "page.html").hasPrefix("<!DOCTYPE html>"))
        #expect(try text(sandbox, "lib/report.html") == "precious")
        try await sandbox.expectFailure(
            73, of: report + ["--output", "nowhere/page.html"], saying: ["nowhere/page.html"])
    }

    @Test func flagsAreCheckedBeforeAnythingIsBuilt() async throws {
        let sandbox = try Sandbox()
        #expect(try await sandbox.hilo(Self.generate).status == 0)
        try await sandbox.expectFailure(
            64, of: ["report", "lib", "--output", "page.txt"], saying: ["page.txt", "FILE.html"])
        try await sandbox.expectFailure(
            64, of: ["report", "lib", "--batch", "9"], saying: ["1 to 8"])
        try await sandbox.expectFailure(
            64, of: ["report", "lib", "--seconds", "0"], saying: ["--seconds"])
        try await sandbox.expectFailure(
            64, of: ["report", "lib", "--threads", "0"], saying: ["--threads"])
        try await sandbox.expectFailure(65, of: ["report", "nowhere"], saying: ["no such folder"])
        #expect(!FileManager.default.fileExists(atPath: sandbox.file("lib/build").path))
    }

    private func text(_ sandbox: Sandbox, _ name: String) throws -> String {
        try String(contentsOf: sandbox.file(name), encoding: .utf8)
    }
}
