import ArgumentParser

/// `--threads`.
struct ThreadsOption: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: "Threads to compute with. (default: OMP_NUM_THREADS, or all processors)")
    var threads: Int?

    func validate() throws {
        if let threads, !(1...4096).contains(threads) {
            throw ValidationError("--threads is \(threads); 1 to 4096 are possible")
        }
    }
}
