import ArgumentParser
import HiLoKit

struct ShowPlan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Shows what generate would do: kernels, tilings, bytes and work.",
        discussion: "It takes the flags of 'hilo generate' and writes nothing.")

    @OptionGroup var options: PlanOptions

    // So that a command line of `generate` works as it is.
    @Option(help: .hidden)
    var output: String?

    @Flag(help: "Prints the plan itself, which --plan takes.")
    var json = false

    func run() async throws {
        let plan = try await options.resolve().plan
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
}
