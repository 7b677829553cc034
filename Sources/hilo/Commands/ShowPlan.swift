import ArgumentParser
import HiLoKit

struct ShowPlan: ParsableCommand {
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

    func run() throws {
        let plan = try options.resolve().plan
        try Console.print(json ? plan.json : PlanTable(
                    plan, machine: MachineModel(isa: plan.target.isa, cpu: .current())
                ).text)
    }
}
