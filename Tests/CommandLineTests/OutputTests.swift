import Foundation
import Testing

@Suite struct OutputTests {
    private let sandbox: Sandbox

    init() throws {
        sandbox = try Sandbox()
        try sandbox.writeConfiguration()
    }

    private func expectUnwritable(_ output: String, saying words: String...) async throws {
        try await sandbox.expectFailure(
            73, of: ["generate", "--config", "tiny.yaml", "--output", output], saying: words)
    }

    @Test func aFileInTheWay() async throws {
        try sandbox.write("file", "precious")
        try await expectUnwritable("file", saying: "file", "choose another --output")
        try await expectUnwritable("file/out", saying: "file/out", "cannot write")
        #expect(try String(contentsOf: sandbox.file("file"), encoding: .utf8) == "precious")
    }

    /// Not even root can make folders there.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self")))
    func aReadOnlyFolder() async throws {
        try await expectUnwritable("/proc/out", saying: "/proc/out", "cannot write")
    }

    @Test func aFolderThatHoldsSomethingElse() async throws {
        try FileManager.default.createDirectory(
            at: sandbox.file("photos"), withIntermediateDirectories: true)
        try sandbox.write("photos/holiday.jpg", "precious")
        try await expectUnwritable("photos", saying: "photos", "holiday.jpg", "empty or new folder")
    }

    @Test func aLibraryWithSomethingElseInIt() async throws {
        #expect(
            try await sandbox.hilo("generate", "--config", "tiny.yaml", "--output", "lib").status
                == 0)
        try sandbox.write("lib/notes.txt", "precious")
        try await expectUnwritable("lib", saying: "lib", "notes.txt")
    }

    @Test func convertWritesOnlyRegularFiles() async throws {
        try sandbox.writeCheckpoint("tiny.safetensors")
        try sandbox.write("file", "precious")
        let outputs = [("/dev/null", "no regular file"), (".", "folder"), ("file/x", "file/x")]
        for (output, word) in outputs {
            try await sandbox.expectFailure(
                73, of: ["convert", "tiny.safetensors", output], saying: [word])
        }
    }

    /// A disk that is full takes no results.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
    func resultsThatAreLostAreAnError() async throws {
        let process = try await sandbox.hiloWriting(
            to: "/dev/full", ["plan", "--config", "tiny.yaml", "--json"])
        #expect(process == 73)
    }

    // MARK: Compilers

    @Test(arguments: ["build lib", "verify lib"]) func noCompiler(command: String) async throws {
        #expect(
            try await sandbox.hilo("generate", "--config", "tiny.yaml", "--output", "lib").status
                == 0)
        try await sandbox.expectFailure(
            69, of: command.split(separator: " ").map(String.init),
            saying: ["no C compiler", "HILO_CC=/nonexistent/cc", "apt-get install"],
            environment: ["HILO_CC": "/nonexistent/cc"])
    }

    @Test func aCompilerWithoutOpenMP() async throws {
        #expect(
            try await sandbox.hilo("generate", "--config", "tiny.yaml", "--output", "lib").status
                == 0)
        try sandbox.write(
            "serial-cc", "#!/bin/sh\necho \"fatal error: 'omp.h' file not found\" >&2\nexit 1\n")
        let compiler = sandbox.file("serial-cc").path
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: compiler)
        try await sandbox.expectFailure(
            69, of: ["build", "lib"], saying: [compiler, "'omp.h' file not found"],
            environment: ["HILO_CC": compiler])
    }

    @Test func theDoctorSaysWhatIsMissing() async throws {
        let environment = ["HILO_CC": "/nonexistent/cc"]
        let text = try await sandbox.hilo("doctor", environment: environment)
        #expect(text.status == 69)
        #expect(text.stdout.contains("compiler: none"))
        #expect(text.stdout.contains("rejected: HILO_CC=/nonexistent/cc: no such program"))
        #expect(text.stdout.contains("cores: "))
        #expect(text.stderr.contains("hilo: error: no C compiler"))
        let json = try await sandbox.hilo("doctor", "--json", environment: environment)
        #expect(json.status == 69)
        #expect(json.stdout.contains(#""rejected":[{"compiler":"HILO_CC=/nonexistent/cc""#))
    }
}
