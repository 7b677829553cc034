import FileIO
import Foundation
import Planning
import Tuning

// Adds records to a tuning database as `hilo tune` does, a few at a time, and prints how many are in it
// whenever some were acknowledged: for kill_tuners.py, which ends it at moments by chance.
//
//     merge-records DATABASE WRITER FIRST COUNT BATCH
//
// Adds the records FIRST ..< COUNT of the writer of this number, BATCH at a time. A record is about the
// machine "writer WRITER" and as many images as its own number, from 1, so no two are about the same.

/// A record as files hold it, but for what tells it from others.
private func json(writer: Int, number: Int) -> String {
    """
    {
      "batch": \(number + 1), "date": 1700000000, "gain": 1.25, "peakShare": 0.5,
      "kernel": {
        "family": "gemm",
        "schedule": {"rows": 6, "slab": 8, "split": "columns", "vectors": 2},
        "spec": {
          "epilogue": "none", "inputStride": 32, "k": 32, "n": 64, "outputStride": 64, "rows": 16
        }
      },
      "machine": {
        "caches": [32768, 524288, 33554432], "compiler": "clang 14.0.6", "flags": "-O3",
        "generator": \(Plan.formatVersion), "instructions": ["avx2", "fma"], "isa": "generic",
        "precision": "f32", "processor": "writer \(writer)", "threads": 2
      }
    }
    """
}

private func record(writer: Int, number: Int) throws -> TuningRecord {
    try JSONDecoder().decode(
        TuningRecord.self, from: Data(json(writer: writer, number: number).utf8))
}

/// Past every buffer: what was printed is known even if the next moment ends the program.
private func say(_ text: String) throws {
    try FileHandle.standardOutput.write(contentsOf: Data("\(text)\n".utf8))
}

private func merge(into database: TuningDatabase, _ numbers: [Int]) throws {
    let (writer, first, count, batch) = (numbers[0], numbers[1], numbers[2], numbers[3])
    for start in stride(from: first, to: count, by: batch) {
        let end = min(start + batch, count)
        try database.add(try (start..<end).map { try record(writer: writer, number: $0) })
        try say("\(end)")
    }
}

private func complain(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data("merge-records: \(text)\n".utf8))
}

private let words = CommandLine.arguments.dropFirst()
private let numbers = words.dropFirst().compactMap { Int($0) }
guard words.count == 5, numbers.count == 4, numbers[3] > 0, let path = words.first else {
    complain("usage: merge-records DATABASE WRITER FIRST COUNT BATCH")
    exit(64)
}
do {
    let database = TuningDatabase(file: URL(fileURLWithPath: path)) { complain($0) }
    try merge(into: database, numbers)
} catch let error as FileError {
    complain("\(error)")
    exit(73)
} catch {
    complain("\(error)")
    exit(70)
}
