import TestFixtures
import Testing

@testable import Networks

/// The two edit distances, in Swift for configurations and in C for names of kernels.
@Suite struct EditDistanceTests {
    private typealias Pair = (a: String, b: String, edits: Int)

    private static let known: [Pair] = [
        ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("MODLE", "MODEL", 1),
        ("kitten", "sitting", 3), ("a", "b", 1), ("ab", "ba", 1), ("abcd", "badc", 2),
        // A swapped pair is not edited once more.
        ("ca", "abc", 3),
        ("litv2_s_gemm_196x384x1536__avx512_14x2", "litv2_s_gemm_196x384x1563__avx512_14x2", 1),
    ]

    /// By the definition, without a table: only for short words.
    private func definition(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Int {
        guard let lastOfA = a.last, let lastOfB = b.last else { return max(a.count, b.count) }
        let (restOfA, restOfB) = (a.dropLast(), b.dropLast())
        var fewest = min(
            definition(restOfA, b) + 1, definition(a, restOfB) + 1,
            definition(restOfA, restOfB) + (lastOfA == lastOfB ? 0 : 1))
        if restOfA.last == lastOfB, restOfB.last == lastOfA {
            fewest = min(fewest, definition(restOfA.dropLast(), restOfB.dropLast()) + 1)
        }
        return fewest
    }

    private func word(_ length: ClosedRange<Int>, _ random: inout some RandomNumberGenerator)
        -> String
    {
        String((0..<Int.random(in: length, using: &random)).map { _ in "abc".randomElement()! })
    }

    @Test func bothLanguagesCountAlike() async throws {
        var random = SystemRandomNumberGenerator()
        let short = (0..<300).map { _ -> Pair in
            let (a, b) = (word(0...5, &random), word(0...5, &random))
            return (a, b, definition(Array(a.utf8)[...], Array(b.utf8)[...]))
        }
        let long = (0..<200).map { _ -> Pair in
            let (a, b) = (word(0...90, &random), word(0...90, &random))
            return (a, b, editDistance(Array(a.utf8), Array(b.utf8)))
        }
        let pairs = Self.known + short + long
        let program = HarnessProgram("distances.c", with: ["edit_distance.h"])
        let inC = try await program.lines(for: pairs.flatMap { [$0.a, $0.b] })
        try #require(inC.count == pairs.count)
        for (pair, edits) in zip(pairs, inC) {
            #expect(Int(edits) == pair.edits, "\(pair.a) and \(pair.b) in C")
            #expect(
                editDistance(Array(pair.a.utf8), Array(pair.b.utf8)) == pair.edits,
                "\(pair.a) and \(pair.b) in Swift")
        }
    }
}
