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
        let (offsets, size) = Arena.layout(requests)
        let ranges = zip(offsets, requests).map { $0..<$0 + $1.size }
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

    @Test func noRequestsNeedNothing() {
        let layout = Arena.layout([])
        #expect(layout.offsets.isEmpty)
        #expect(layout.size == 0)
    }

    @Test func buffersOfDifferentTimesShareBytes() {
        let layout = Arena.layout([
            Arena.Request(size: 32, lifetime: 0...1), Arena.Request(size: 64, lifetime: 2...3),
        ])
        #expect(layout.offsets == [0, 0])
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
        #expect(layout.offsets == [0, 100, 180, 100, offset])
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
