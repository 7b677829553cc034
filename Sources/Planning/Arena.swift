/// Memory for maps that live at different times: each gets a spot, and maps that are never alive
/// together may share bytes.
package struct Arena {
    package struct Request {
        package let size: Int
        /// First and last step that uses the buffer.
        package let lifetime: ClosedRange<Int>

        package init(size: Int, lifetime: ClosedRange<Int>) {
            self.size = size
            self.lifetime = lifetime
        }
    }

    /// Memory that is there anyway: an output, which holds nothing until its results are written.
    package struct Loan {
        package let output: Int
        package let size: Int
        /// The first step that writes the results.
        package let until: Int

        package init(output: Int, size: Int, until: Int) {
            self.output = output
            self.size = size
            self.until = until
        }
    }

    /// Where a buffer lies: bytes of one image before it.
    package enum Spot: Equatable {
        case arena(Int)
        case lent(output: Int, offset: Int)
    }

    /// Spots for `requests`, largest first, each at the lowest place that is free for its lifetime
    /// (greedy by size; Pisarchyk and Lee, arXiv 2001.03288): in a loan where one has room, else in
    /// the arena, whose bytes of one image are `size`.
    package static func layout(
        _ requests: [Request], loans: [Loan] = []
    ) -> (spots: [Spot], size: Int) {
        var spots = [Spot](repeating: .arena(0), count: requests.count)
        var arena = Room()
        var rooms = loans.map { (loan: $0, room: Room()) }
        let order = requests.indices.sorted {
            (-requests[$0].size, $0) < (-requests[$1].size, $1)
        }
        for index in order {
            let request = requests[index]
            let lender = rooms.firstIndex {
                request.lifetime.upperBound < $0.loan.until
                    && $0.room.offset(for: request) + request.size <= $0.loan.size
            }
            spots[index] = lender.map {
                let offset = rooms[$0].room.place(request)
                return .lent(output: rooms[$0].loan.output, offset: offset)
            } ?? .arena(arena.place(request))
        }
        return (spots, arena.size)
    }
}

/// A piece of memory and what lies in it.
private struct Room {
    private var placed: [(offset: Int, request: Arena.Request)] = []

    var size: Int { placed.map { $0.offset + $0.request.size }.max() ?? 0 }

    /// The lowest offset with room for a buffer for its lifetime.
    func offset(for request: Arena.Request) -> Int {
        let neighbours =
            placed
            .filter { $0.request.lifetime.overlaps(request.lifetime) }
            .sorted { $0.offset < $1.offset }
        var offset = 0
        for neighbour in neighbours where offset + request.size > neighbour.offset {
            offset = max(offset, neighbour.offset + neighbour.request.size)
        }
        return offset
    }

    mutating func place(_ request: Arena.Request) -> Int {
        let offset = offset(for: request)
        placed.append((offset, request))
        return offset
    }
}
