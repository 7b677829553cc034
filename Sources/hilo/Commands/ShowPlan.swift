import ArgumentParser
import HiLoKit

struct ShowPlan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Shows what generate would do: kernels, tilings, bytes and work.",
        discussion: """
            It takes the flags of 'hilo generate' and writes nothing. Which layers stay wider than others \
            are not measured here: the calibration.json or the plan.json of a library says it.
            """)

    @OptionGroup var options: PlanOptions
    @OptionGroup var calibration: CalibrationOption

    // So that a command line of `generate` works as it is.
    @Option(help: .hidden)
    var output: String?

    @Flag(help: "Prints the plan itself, which --plan takes.")
    var json = false

    func run() async throws {
        let plan = try await plan()
        guard !json else { return try Console.print(plan.json) }
        var tables: [String] = []
        for variant in plan.variants {
            let machine = await PredictedMachine(variant.isa)
            tables += variant.passes.map {
                PlanTable(PassOfPlan(plan, variant, $0), machine: machine).text
            }
        }
        try Console.print(tables.joined(separator: "\n\n"))
    }

    /// With the layers that a calibration from a file keeps.
    private func plan() async throws -> Plan {
        let resolved = try await options.resolve()
        guard let source = try calibration.source() else { return resolved.plan }
        try calibration.check(resolved.plan.target.precision, hasPlan: options.plan != nil)
        guard case .file(let path) = source, options.plan == nil else { return resolved.plan }
        let weights = try
            (resolved.checkpoint.map { WeightSource.checkpoint($0) }
            ?? .seed(options.seed ?? 0)).matched(resolved.plan.network)
        let recorded = try Calibration(
            contentsOf: path, for: resolved.plan.network, weights,
            as: resolved.plan.target.precision)
        return try await options.plan(
            resolved.plan, keeping: calibration.reused(recorded, from: path).kept)
    }
}
