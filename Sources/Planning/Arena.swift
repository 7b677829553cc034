/// Memory for maps that live at different times: each gets an offset, and maps that are never alive
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

    /// Offsets for `requests`, largest first, each at the lowest place that is free for its lifetime
    /// (greedy by size; Pisarchyk and Lee, arXiv 2001.03288).
    package static func layout(_ requests: [Request]) -> (offsets: [Int], size: Int) {
        var offsets = [Int](repeating: 0, count: requests.count)
        var placed: [Int] = []
        let order = requests.indices.sorted {
            (-requests[$0].size, $0) < (-requests[$1].size, $1)
        }
        for index in order {
            let request = requests[index]
            let neighbours =
                placed
                .filter { requests[$0].lifetime.overlaps(request.lifetime) }
                .sorted { offsets[$0] < offsets[$1] }
            var offset = 0
            for neighbour in neighbours where offset + request.size > offsets[neighbour] {
                offset = max(offset, offsets[neighbour] + requests[neighbour].size)
            }
            offsets[index] = offset
            placed.append(index)
        }
        let size = requests.indices.map { offsets[$0] + requests[$0].size }.max() ?? 0
        return (offsets, size)
    }
}
