import ArgumentParser
import HiLoKit
import Tuning

/// The flags that `generate` and `plan` share: a network, its target and its weights.
struct PlanOptions: ParsableArguments {
    @OptionGroup(title: "Network") var network: NetworkOptions
    @OptionGroup(title: "Target") var target: TargetOptions

    @Option(help: ArgumentHelp("Trained weights, .pth or .safetensors.", valueName: "file"))
    var checkpoint: String?

    @OptionGroup var stateDict: StateDictOption

    @Option(
        parsing: .unconditional,
        help: "Reproducible weights without a checkpoint. (default: 0)")
    var seed: UInt64?

    @Option(
        help: ArgumentHelp("Decisions of an earlier plan or of tuning.", valueName: "plan.json"))
    var plan: String?

    @Flag(
        inversion: .prefixedNo,
        help: "Uses what 'hilo tune' measured on this machine for the same shapes.")
    var tuning = true

    /// What the flags amount to.
    struct Resolved {
        let plan: Plan
        /// nil when none is given.
        let checkpoint: Checkpoint?
    }

    func resolve() async throws -> Resolved {
        guard checkpoint == nil || seed == nil else {
            throw UsageError("--checkpoint and --seed both give weights; give one of them")
        }
        try network.checkCombination()
        let file = try stateDict.read(ifGiven: checkpoint)
        if let plan {
            return Resolved(plan: try readPlan(plan, checkpoint: file), checkpoint: file)
        }
        return Resolved(
            plan: try await tunedIfWanted(try makePlan(checkpoint: file)), checkpoint: file)
    }

    /// The plan with other layers that stay wider.
    ///
    /// - Throws: `PlanError` when the network has no such layer.
    func plan(_ plan: Plan, keeping kept: [KeptLayer]) async throws -> Plan {
        guard kept != plan.target.kept else { return plan }
        let target = try plan.target.keeping(kept)
        return try await tunedIfWanted(
            Planner(plan.network, target, resolutions: plan.resolutions).plan())
    }

    private func tunedIfWanted(_ plan: Plan) async throws -> Plan {
        tuning ? await tuned(plan) : plan
    }

    private func makePlan(checkpoint file: Checkpoint?) throws -> Plan {
        let target = try target.target()
        guard let network = try network.network(checkpoint: file) else {
            throw UsageError(
                (file.map { "\($0.path) carries no configuration of its network" }
                    ?? "no network is given")
                    + "; give --model \(NetworkRegistry.models.map(\.name).joined(separator: ", ")), or "
                    + "--config FILE.yaml")
        }
        return try Planner(network, target, resolutions: self.network.resolutions()).plan()
    }

    /// The plan with the records of this machine. Without any, or when they cannot be used, the
    /// plan is as good as the cost model.
    private func tuned(_ plan: Plan) async -> Plan {
        let database = TuningDatabase(warn: Console.note)
        do {
            guard let tuned = try await database.tuned(plan, compiler: { try await .find() }) else {
                return plan
            }
            Console.note(
                "\(tuned.known) of \(tuned.shapes) shapes use tuning records of this machine, "
                    + "\(database.file.path); --no-tuning leaves them out")
            return tuned.plan
        } catch {
            Console.note("tuning records are not used: \(error)")
            return plan
        }
    }

    /// A plan from a file, which must agree with all other flags.
    private func readPlan(_ path: String, checkpoint file: Checkpoint?) throws -> Plan {
        let json = try readInput(path, limit: 64 << 20)
        let plan: Plan
        do {
            plan = try Plan(json: json)
        } catch let error as PlanError {
            throw InputError("\(path): \(error); \(Self.planOrigin)")
        } catch let error as NetworkError {
            throw InputError("\(path): \(error); \(Self.planOrigin)")
        }
        if let contradiction = try target.contradiction(of: plan.target) {
            throw InputError("\(path): plans another target: \(contradiction)")
        }
        try checkNetwork(of: plan, path, checkpoint: file)
        return plan
    }

    private static let planOrigin =
        "expected the plan.json of a generated library, or what 'hilo plan --json' prints"

    private func checkNetwork(
        of plan: Plan, _ path: String, checkpoint file: Checkpoint?
    ) throws {
        // A configuration in the checkpoint is no flag: the plan may be for another resolution.
        let parameters = network.model == nil && network.config == nil ? nil : file
        guard let network = try network.network(checkpoint: parameters) else {
            if let flag = network.firstChange {
                throw UsageError(
                    "\(flag): --plan fixes the network; leave it out, or give --model or --config "
                        + "too to have the plan compared")
            }
            return
        }
        let resolutions = try self.network.resolutions()
        guard resolutions.isEmpty || resolutions == plan.resolutions else {
            throw InputError(
                "\(path): plans other resolutions: expected \(list(resolutions)); found "
                    + list(plan.resolutions))
        }
        guard network == plan.network else {
            throw InputError(
                "\(path): plans another network: expected \(network.name), \(network.summary); "
                    + "found \(plan.network.name), \(plan.network.summary)")
        }
    }

    private func list(_ resolutions: [Resolution]) -> String {
        resolutions.map(\.description).joined(separator: ", ")
    }
}
