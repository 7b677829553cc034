/// How far a mistyped name is from one that exists: insertions, deletions, replacements and swaps
/// of neighbours that make `b` of `a` (optimal string alignment).
///
/// A generated library's harness has the same in C (Templates/c/harness/edit_distance.h.mustache);
/// EditDistanceTests holds the two together.
func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
            let replaced = last[j] + (a[i] == b[j] ? 0 : 1)
            var fewest = min(replaced, last[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                fewest = min(fewest, beforeLast[j - 1] + 1)
            }
            row.append(fewest)
        }
        (beforeLast, last) = (last, row)
    }
    return last[b.count]
}
