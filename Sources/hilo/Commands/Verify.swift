import ArgumentParser
import HiLoKit

struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks every kernel, the C API and the whole network of a library.",
        discussion: """
            Kernels and network are compared with references in double precision. The library is \
            built first if that has not been done since its sources changed.
            """)

    @OptionGroup var library: LibraryArgument
    @OptionGroup var threads: ThreadsOption

    @Option(
        help: ArgumentHelp(
            "What the library was generated from, to verify its packed weights too.",
            valueName: "file"))
    var checkpoint: String?

    @OptionGroup var stateDict: StateDictOption

    @Option(parsing: .unconditional, help: "Of the random inputs.")
    var seed: UInt64 = 1

    @Flag(
        help: """
            Kernels for a tile unit (AMX) run on an emulated one, in a build of its own, where the CPU lacks \
            nothing else.
            """)
    var emulateTiles = false

    @Flag(help: "Prints one JSON object.")
    var json = false

    func run() async throws {
        let found = try library.open()
        let opened = emulateTiles ? found.emulatingTiles() : found
        let verifier = try Verifier(
            opened, checkpoint: stateDict.read(ifGiven: checkpoint), seed: seed,
            threads: threads.threads)
        try await library.buildIfOutOfDate(opened)
        Console.note("the reference takes its weights from \(verifier.source)")
        let result = try await ProgressLine.during { line in
            try await verifier.verify { line.show($0, of: $1, $2) }
        }
        try report(result, source: verifier.source)
        if opened.lacksTilesAlone() {
            Console.hint(
                "next: hilo verify --emulate-tiles \(library.folder) runs the kernels for a tile unit too, on "
                    + "an emulated one")
        }
        guard result.passed else {
            throw CheckFailure(
                "\(library.folder): \(result.failed) of \(max(result.count, 1)) checks failed")
        }
    }

    private struct Report: Encodable {
        let passed: Bool
        let checks, failed: Int
        /// Where the reference took its weights from.
        let reference: String
        let details: Verification
    }

    private func report(_ found: Verification, source: ReferenceSource) throws {
        guard !json else {
            return try Console.print(
                json: Report(
                    passed: found.passed, checks: found.count, failed: found.failed,
                    reference: source.description, details: found))
        }
        try Console.print(text(found))
    }

    private func text(_ found: Verification) -> String {
        var table = Table([
            ("check", .left), ("error", .right), ("bound", .right), ("result", .left),
        ])
        for item in found.kernels + found.network {
            table.add([
                item.name, scientific(item.error), scientific(item.bound),
                item.passed ? "ok" : "FAILED",
            ])
        }
        let problems = (found.kernels + found.network).compactMap { item in
            item.problem.map { "\(item.name): \($0)" }
        }
        let interface = found.interface
        let failures = interface.failures.map { "C API: \($0)" }
        return
            ([table.text] + problems + failures
            + [
                found.skipped.isEmpty
                    ? nil
                    : "\(found.skipped.count) kernels skipped: this CPU lacks their instructions",
                "C API: \(interface.checks) promises, \(interface.failures.count) not kept",
                "\(found.count) checks, \(found.failed) failed",
            ].compactMap { $0 }).joined(separator: "\n")
    }
}
