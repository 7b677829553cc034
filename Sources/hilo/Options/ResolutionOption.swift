import ArgumentParser
import HiLoKit

/// `--resolution` of commands on a library.
struct ResolutionOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "One that the library holds. (default: its first)", valueName: "HxW"))
    var resolution: String?

    /// The resolution that is meant.
    ///
    /// - Throws: `UsageError` when the library does not hold it.
    func choice(of library: GeneratedLibrary) throws -> Resolution {
        let held = library.plan.resolutions
        guard let resolution else { return held[0] }
        let asked = try Resolution(parsing: resolution)
        if let rule = held[0].inputRule, rule.holds(asked) { return Resolution(rule, as: asked) }
        guard held.contains(asked) else {
            throw UsageError(
                "--resolution \(asked): the library is for "
                    + held.map(\.description).joined(separator: ", ")
                    + " only; generate one with --resolution \(asked)")
        }
        return asked
    }

    /// The network at that resolution.
    func network(of library: GeneratedLibrary) throws -> Network {
        try library.plan.network.at(choice(of: library))
    }
}
