import Foundation

/// What `make test` leaves to `make test-long`, which sets HILO_LONG_TESTS: cases whose branches others cover,
/// at sizes that take minutes to compile.
public enum TestScope {
    public static let isLong = ProcessInfo.processInfo.environment["HILO_LONG_TESTS"] == "1"

    /// What runs longer hangs: more than any compiler or program of a test takes on a busy machine.
    public static let patience = Duration.seconds(1800)

    /// The cases to test now; says how many are left out.
    public static func chosen<Case>(_ cases: [Case], unless isLong: (Case) -> Bool) -> [Case] {
        let chosen = cases.filter { Self.isLong || !isLong($0) }
        if chosen.count < cases.count {
            print(
                "SKIPPED: \(cases.count - chosen.count) of \(cases.count) cases; 'make test-long' has all"
            )
        }
        return chosen
    }

    /// One of so many cases that follow each other, in the long tests all; says how many are left out.
    public static func sample<Case>(_ cases: [Case], of count: Int) -> [Case] {
        chosen(Array(cases.enumerated())) { $0.offset % count != 0 }.map(\.element)
    }
}
