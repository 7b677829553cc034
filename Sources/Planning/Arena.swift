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
        // The arena comes last and takes everything.
        var rooms = loans.map { Room(loan: $0) } + [Room(loan: nil)]
        let order = requests.indices.sorted {
            (-requests[$0].size, $0) < (-requests[$1].size, $1)
        }
        for index in order {
            for room in rooms.indices {
                guard let spot = rooms[room].place(requests[index]) else { continue }
                spots[index] = spot
                break
            }
        }
        return (spots, rooms[loans.count].size)
    }
}

/// A piece of memory and what lies in it.
private struct Room {
    /// Nil of the arena, which has no bounds.
    let loan: Arena.Loan?
    private var placed: [(offset: Int, request: Arena.Request)] = []

    init(loan: Arena.Loan?) { self.loan = loan }

    var size: Int { placed.map { $0.offset + $0.request.size }.max() ?? 0 }

    /// Nil, and nothing changes, where the buffer is needed too long or has no room.
    mutating func place(_ request: Arena.Request) -> Arena.Spot? {
        let offset = lowestOffset(for: request)
        guard let loan else {
            placed.append((offset, request))
            return .arena(offset)
        }
        guard request.lifetime.upperBound < loan.until, offset + request.size <= loan.size else {
            return nil
        }
        placed.append((offset, request))
        return .lent(output: loan.output, offset: offset)
    }

    /// That is free for the buffer's lifetime.
    private func lowestOffset(for request: Arena.Request) -> Int {
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
}
