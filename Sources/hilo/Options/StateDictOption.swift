import ArgumentParser
import HiLoKit

/// Which of the state_dicts of a checkpoint is taken.
struct StateDictOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Which state_dict of a checkpoint that holds several, such as model_ema; 'hilo "
                + "inspect' lists them.",
            valueName: "name"))
    var stateDict: String?

    func read(_ path: String) throws -> Checkpoint {
        try Checkpoint.read(path: path, stateDict: stateDict)
    }

    /// - Throws: `UsageError` when there is a choice but nothing to choose from.
    func read(ifGiven path: String?) throws -> Checkpoint? {
        guard path != nil || stateDict == nil else {
            throw UsageError("--state-dict chooses within a checkpoint; give --checkpoint too")
        }
        return try path.map { try read($0) }
    }
}
