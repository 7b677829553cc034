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
        guard held.contains(asked) else {
            throw UsageError(
                "--resolution \(asked): the library is for "
                    + held.map(\.description).joined(separator: ", ")
                    + " only; generate one with --resolution \(asked)")
        }
        return asked
    }

    /// The plan of that resolution alone.
    func plan(of library: GeneratedLibrary) throws -> Plan {
        let resolution = try choice(of: library)
        guard let plan = library.plan.at(resolution) else {
            preconditionFailure("the plan holds \(resolution), as was checked")
        }
        return plan
    }
}
