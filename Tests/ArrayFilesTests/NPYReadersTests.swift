import ArrayFiles
import Foundation
import TestFixtures
import Testing

/// The two readers, in Swift for the command line and in C for the harness: of each file they read
/// the same, or both refuse it.
@Suite final class NPYReadersTests {
    private let folder = URL(filePath: NSTemporaryDirectory())
        .appending(path: "hilo-readers-" + UUID().uuidString)

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    @Test func filesOfNumPy() async throws {
        let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/arrays").path
        let names = try FileManager.default.contentsOfDirectory(atPath: fixtures).sorted()
        #expect(names.count == 12)
        let refused = try await compare(names.map { "\(fixtures)/\($0)" })
        #expect(refused == 5)
    }

    @Test func hostileFiles() async throws {
        let files = try HostileNPY.all.enumerated().map { try write($1, "\($0)") }
        let refused = try await compare(files + [folder.path, folder.path + "/missing.npy"])
        #expect(refused > 400)
        #expect(refused < files.count)
    }

    /// As many dimensions as there may be, and one more.
    @Test func ranks() async throws {
        let files = try [1, 8, 9, 64, 65].map { rank in
            let header = HostileNPY.header(shape: HostileNPY.rank(rank))
            return try write(HostileNPY.file(header: header, data: 4), "rank\(rank)")
        }
        #expect(try await compare(files) == 1)
    }

    /// Any bits, among them NaN and what does not fit a float; more than one piece of reading.
    @Test(arguments: ["<f4", "<f8", "|u1"]) func values(type: String) async throws {
        let count = 3001
        let (least, largest) = (0x1p-149, 0x1.fffffep127)
        // The last ones lie halfway between two floats, or a little beyond.
        let special: [Double] = [
            .nan, -.infinity, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, largest,
            largest * 1.0001, least / 2, 1 + 0x1p-24, 1 + 0x3p-24, -1 - 0x1.1p-24,
        ]
        let size = type == "<f8" ? 8 : type == "<f4" ? 4 : 1
        let random = (0..<(count * size)).map { _ in UInt8.random(in: 0...255) }
        let start = HostileNPY.file(
            header: HostileNPY.header(shape: "(\(count),)", type: type), data: 0)
        let first = special.flatMap { number -> [UInt8] in
            withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }
        }
        let bytes = start + (first + random).prefix(count * size)
        #expect(try await compare([write(bytes, "values")]) == 0)
    }

    private func write(_ bytes: [UInt8], _ name: String) throws -> String {
        let file = folder.appending(path: name + ".npy")
        try Data(bytes).write(to: file)
        return file.path
    }

    /// Reads all files in both languages.
    ///
    /// - Returns: how many were refused.
    private func compare(_ paths: [String]) async throws -> Int {
        let inC = try await HarnessProgram(
            "arrays.c", with: ["npy.h", "npy_header.h", "npy_header.c", "npy_read.c"]
        ).lines(for: paths)
        let inSwift = try paths.map(line)
        try #require(inC.count == paths.count)
        for (path, (c, swift)) in zip(paths, zip(inC, inSwift)) where c != swift {
            let file = FileManager.default.contents(atPath: path)?.prefix(200) ?? Data()
            Issue.record(
                """
                \(path): \(swift.prefix(200)) in Swift, \(c.prefix(200)) in C: \
                \(String(decoding: file, as: UTF8.self).debugDescription)
                """)
        }
        return inSwift.count { $0 == "refused" }
    }

    /// What the C program prints of a file.
    private func line(_ path: String) throws -> String {
        do {
            let array = try NPYArray(contentsOf: path)
            // Both round float64 to float32.
            let type = array.elementType == .uint8 ? "uint8" : "float32"
            let shape = array.shape.map { " \($0)" }.joined()
            let bits = array.values.map { " " + String($0.bitPattern, radix: 16) }.joined()
            return "\(type)\(shape) :\(bits)"
        } catch is NPYError {
            return "refused"
        }
    }
}
