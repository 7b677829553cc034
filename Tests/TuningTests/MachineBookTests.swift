import Foundation
import HiLoKit
import Synchronization
import Testing

@testable import Toolchain
@testable import Tuning

@Suite struct MachineBookTests {
    private func cpu(_ model: String) -> HostCPU {
        HostCPU(
            model: model, isaFlags: ["fma", "avx2"], cores: 2, l1d: 32_768, l2: 1 << 20, l3: nil)
    }

    private func found(peak: Double) -> MachineMeasurement {
        MachineMeasurement(peak: peak, l1: 4, l2: 3, l3: 2, memory: 1)
    }

    /// A book in `folder` that does as `body` says.
    ///
    /// - Returns: its warnings.
    private func warnings(in folder: URL, _ body: (MachineBook) -> Void) -> [String] {
        let texts = Mutex<[String]>([])
        let database = TuningDatabase(file: folder.appending(path: "tuning.json")) { _ in }
        body(MachineBook(beside: database) { text in texts.withLock { $0.append(text) } })
        return texts.withLock { $0 }
    }

    @Test func measurementsComeBackAsTheyWere() async throws {
        try await withTemporaryFolder { folder in
            let said = warnings(in: folder.appending(path: "deep/er")) { book in
                #expect(book.measurement(.avx2, cpu: cpu("A")) == nil)
                book.keep(found(peak: 5), .avx2, cpu: cpu("A"))
                book.keep(found(peak: 6), .avx2, cpu: cpu("B"))
                #expect(book.measurement(.avx2, cpu: cpu("A")) == found(peak: 5))
                #expect(book.measurement(.avx2, cpu: cpu("B")) == found(peak: 6))
                #expect(book.measurement(.avx512, cpu: cpu("A")) == nil)
            }
            #expect(said.isEmpty)
        }
    }

    @Test(arguments: ["", "{", "[1, 2]", "{\"version\": 1}", "{\"version\": {}}"])
    func aDamagedFileIsSetAside(text: String) async throws {
        try await withTemporaryFolder { folder in
            try Data(text.utf8).write(to: folder.appending(path: "machines.json"))
            let said = warnings(in: folder) { book in
                #expect(book.measurement(.avx2, cpu: cpu("A")) == nil)
                book.keep(found(peak: 5), .avx2, cpu: cpu("A"))
                #expect(book.measurement(.avx2, cpu: cpu("A")) == found(peak: 5))
            }
            #expect(said.count == 1)
            #expect(said.first?.contains("machines.json.corrupt-") == true)
            let aside = try FileManager.default.contentsOfDirectory(atPath: folder.path)
                .filter { $0.hasPrefix("machines.json.corrupt-") }
            let name = try #require(aside.first)
            #expect(try Data(contentsOf: folder.appending(path: name)) == Data(text.utf8))
        }
    }

    /// The text of the book's file.
    private func text(in folder: URL) throws -> String {
        try String(contentsOf: folder.appending(path: "machines.json"), encoding: .utf8)
    }

    /// The first files had no version; what they hold is kept in the new form.
    @Test func filesWithoutAVersionAreRead() async throws {
        try await withTemporaryFolder { folder in
            _ = warnings(in: folder) { $0.keep(found(peak: 5), .avx2, cpu: cpu("A")) }
            struct Contents: Decodable { let machines: [String: MachineMeasurement] }
            let file = folder.appending(path: "machines.json")
            let machines = try JSONDecoder().decode(Contents.self, from: Data(contentsOf: file))
                .machines
            #expect(machines.count == 1)
            try JSONEncoder().encode(machines).write(to: file)
            #expect(try !text(in: folder).contains("version"))
            let said = warnings(in: folder) { book in
                #expect(book.measurement(.avx2, cpu: cpu("A")) == found(peak: 5))
                book.keep(found(peak: 6), .avx2, cpu: cpu("B"))
                #expect(book.measurement(.avx2, cpu: cpu("A")) == found(peak: 5))
                #expect(book.measurement(.avx2, cpu: cpu("B")) == found(peak: 6))
            }
            #expect(said.isEmpty)
            #expect(try text(in: folder).contains("\"version\" : 1"))
        }
    }

    /// Nothing is found in the book's file, nothing is kept in it, and one warning says so.
    private func expectUnused(in folder: URL, because reason: String) {
        let said = warnings(in: folder) { book in
            #expect(book.measurement(.avx2, cpu: cpu("A")) == nil)
            book.keep(found(peak: 5), .avx2, cpu: cpu("A"))
            #expect(book.measurement(.avx2, cpu: cpu("A")) == nil)
        }
        #expect(said.count == 1)
        #expect(said.first?.contains("machines.json: \(reason)") == true)
        #expect(said.first?.contains("is not kept") == true)
    }

    /// Whatever else it holds, and however that looks.
    @Test(arguments: ["", ", \"machines\": {}", ", \"machines\": [7]", ", \"x\": {\"y\": null}"])
    func aLaterVersionsFileStays(rest: String) async throws {
        try await withTemporaryFolder { folder in
            let later = "{\"version\": 2\(rest)}"
            try Data(later.utf8).write(to: folder.appending(path: "machines.json"))
            expectUnused(in: folder, because: "holds measurements in format 2")
            #expect(try text(in: folder) == later)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            #expect(names == ["machines.json", "machines.json.lock"])
        }
    }

    /// It may hold what was measured on other machines. A link to itself can be read by nobody, not
    /// even by root.
    @Test func aFileThatCannotBeReadStays() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "machines.json")
            try FileManager.default.createSymbolicLink(
                atPath: file.path, withDestinationPath: "machines.json")
            expectUnused(in: folder, because: "cannot be opened")
            #expect(
                try FileManager.default.destinationOfSymbolicLink(atPath: file.path)
                    == "machines.json")
        }
    }
}
