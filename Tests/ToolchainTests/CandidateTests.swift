import Foundation
import Testing

@testable import Toolchain

extension ToolchainTests {
    @Suite struct CandidateTests {
        let sandbox: Sandbox
        init() throws { sandbox = try Sandbox() }

        /// Candidates on a PATH of the sandbox's; the system's own clang is left out.
        private func onPath(_ environment: [String: String] = [:]) -> [String] {
            var environment = environment
            environment["PATH"] = "\(sandbox.path("missing").path):\(sandbox.path("bin").path)"
            return CompilerCandidate.all(environment: environment)
                .map(\.label).filter { !$0.hasPrefix("/usr/") }
                .map { $0.replacingOccurrences(of: sandbox.path("bin").path + "/", with: "") }
        }

        @Test func orderOnThePath() throws {
            for name in ["cc", "gcc-9", "gcc-12", "gcc-ar-12", "gcc-ar", "gcc", "clang"] {
                try sandbox.script("bin/\(name)", "exit 1")
            }
            #expect(onPath() == ["clang", "gcc", "gcc-12", "gcc-9", "cc"])
            #expect(onPath(["CC": "gcc"]) == ["CC=gcc"])
            #expect(onPath(["CC": "", "HILO_CC": ""]).first == "clang")
            #expect(onPath(["CC": "gcc", "HILO_CC": "tcc"]) == ["HILO_CC=tcc"])
        }

        @Test func aProgramWithSeveralNamesStandsOnce() throws {
            try sandbox.script("bin/gcc-12", "exit 1")
            for name in ["gcc", "cc"] {
                try FileManager.default.createSymbolicLink(
                    atPath: sandbox.path("bin/\(name)").path, withDestinationPath: "gcc-12")
            }
            #expect(onPath() == ["gcc"])
        }

        @Test func aWrapperStandsForEachOfItsNames() throws {
            try sandbox.script("bin/ccache", "exit 1")
            for name in ["clang", "gcc"] {
                try FileManager.default.createSymbolicLink(
                    atPath: sandbox.path("bin/\(name)").path, withDestinationPath: "ccache")
            }
            #expect(onPath() == ["clang", "gcc"])
        }

        @Test func onlyExecutableFilesArePrograms() throws {
            try sandbox.file("bin/gcc", "not executable")
            try FileManager.default.createDirectory(
                at: sandbox.path("bin/clang"), withIntermediateDirectories: true)
            #expect(onPath() == [])
        }

        @Test func theSystemsClangComesBeforeThePaths() throws {
            try sandbox.script("bin/clang", "exit 1")
            let all = CompilerCandidate.all(environment: ["PATH": sandbox.path("bin").path])
            #expect(all.last?.label == sandbox.path("bin/clang").path)
        }
    }
}
