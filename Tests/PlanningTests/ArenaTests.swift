import Networks
import Planning
import TestFixtures
import Testing

@Suite struct ArenaTests {
    private func randomRequests(seed: Int) -> [Arena.Request] {
        var generator = SeededGenerator(seed: seed)
        return (0..<Int.random(in: 1...40, using: &generator)).map { _ in
            let first = Int.random(in: 0...30, using: &generator)
            let last = first + Int.random(in: 0...8, using: &generator)
            return Arena.Request(
                size: 16 * Int.random(in: 1...50, using: &generator), lifetime: first...last)
        }
    }

    /// The bytes that are in use at the worst step: no layout needs fewer.
    private func peak(_ requests: [Arena.Request]) -> Int {
        let steps = requests.flatMap { [$0.lifetime.lowerBound, $0.lifetime.upperBound] }
        return Set(steps).map { step in
            requests.filter { $0.lifetime.contains(step) }.reduce(0) { $0 + $1.size }
        }.max() ?? 0
    }

    @Test(arguments: 0..<50) func buffersAliveTogetherAreApart(seed: Int) {
        let requests = randomRequests(seed: seed)
        let (spots, size) = Arena.layout(requests)
        let ranges = zip(spots, requests).map { $0.offset..<$0.offset + $1.size }
        for first in requests.indices {
            for second in requests.indices where second > first {
                let together = requests[first].lifetime.overlaps(requests[second].lifetime)
                #expect(!together || !ranges[first].overlaps(ranges[second]))
            }
        }
        #expect(ranges.allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= size })
        #expect(size == ranges.map(\.upperBound).max())
        #expect(size >= peak(requests))
    }

    /// The same in what outputs lend, and nothing stays there until results come.
    @Test(arguments: 0..<50) func lentMemoryIsGivenBack(seed: Int) {
        let requests = randomRequests(seed: seed)
        let loans = [
            Arena.Loan(output: 3, size: 1000, until: 12),
            Arena.Loan(output: 1, size: 600, until: 25),
        ]
        let (spots, size) = Arena.layout(requests, loans: loans)
        for (index, request) in requests.enumerated() {
            let end = spots[index].offset + request.size
            switch spots[index] {
            case .arena:
                #expect(end <= size)
            case .lent(let output, _):
                let loan = loans.first { $0.output == output }
                #expect(
                    loan.map { end <= $0.size && request.lifetime.upperBound < $0.until } == true)
            }
            for other in requests.indices
            where other < index && spots[other].sharesRoom(with: spots[index])
                && requests[other].lifetime.overlaps(request.lifetime)
            {
                let start = spots[other].offset
                #expect(start >= end || start + requests[other].size <= spots[index].offset)
            }
        }
        let fits = requests.contains { $0.size <= 1000 && $0.lifetime.upperBound < 12 }
        #expect(!fits || spots.contains { !$0.sharesRoom(with: .arena(0)) })
    }

    @Test func noRequestsNeedNothing() {
        let layout = Arena.layout([])
        #expect(layout.spots.isEmpty)
        #expect(layout.size == 0)
    }

    @Test func buffersOfDifferentTimesShareBytes() {
        let layout = Arena.layout([
            Arena.Request(size: 32, lifetime: 0...1), Arena.Request(size: 64, lifetime: 2...3),
        ])
        #expect(layout.spots.map(\.offset) == [0, 0])
        #expect(layout.size == 64)
    }

    /// At step 1 the second buffer is gone and the fourth covers 50 of its 80 bytes: 30 are free.
    @Test(arguments: [(16, 150), (30, 150), (31, 250), (48, 250)])
    func gapsTakeWhatFits(size: Int, offset: Int) {
        let layout = Arena.layout([
            Arena.Request(size: 100, lifetime: 0...1), Arena.Request(size: 80, lifetime: 0...0),
            Arena.Request(size: 70, lifetime: 0...1), Arena.Request(size: 50, lifetime: 1...1),
            Arena.Request(size: size, lifetime: 1...1),
        ])
        #expect(layout.spots.map(\.offset) == [0, 100, 180, 100, offset])
        #expect(layout.size == max(250, offset + size))
    }

    /// The arena of a real network is close to what it cannot do without.
    @Test(arguments: [0.0, 0.9, 1.0]) func arenaOfLITv2SIsTight(alpha: Double) throws {
        let network = try Sample.small(alpha: alpha)
        let plan = try network.plan()
        let bound = peak(try network.requests(in: plan))
        #expect(plan.pass.arenaBytes >= bound)
        #expect(Double(plan.pass.arenaBytes) <= 1.3 * Double(bound))
    }
}

extension Arena.Spot {
    fileprivate var offset: Int {
        switch self {
        case .arena(let offset), .lent(_, let offset): offset
        }
    }

    fileprivate func sharesRoom(with other: Arena.Spot) -> Bool {
        switch (self, other) {
        case (.arena, .arena): true
        case (.lent(let output, _), .lent(let theirs, _)): output == theirs
        default: false
        }
    }
}
