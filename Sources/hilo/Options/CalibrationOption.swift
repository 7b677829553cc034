import ArgumentParser
import Foundation
import HiLoKit

/// `--calibration`: what the scales of integers follow from.
struct CalibrationOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What --precision int8 finds its scales with: a folder of pictures like those that the "
                + "network will get, also in folders in it, of which up to 512 are taken; an array "
                + "(.npy) of inputs; or the calibration.json of a library with the same weights.",
            valueName: "folder|file"))
    var calibration: String?

    /// - Throws: `UsageError` when it is missing, or nothing needs it.
    func check(_ precision: Precision) throws {
        switch (precision, calibration) {
        case (.int8, nil):
            throw UsageError(
                "--precision int8 needs --calibration: a folder with some hundred pictures like "
                    + "those that the network will get, an array (.npy) of inputs, or the "
                    + "\(Calibration.fileName) of a library with the same weights")
        case (.int8, _?), (_, nil): break
        case (_, _?):
            throw UsageError(
                "--calibration: \(precision.rawValue) needs none; leave it out, or give "
                    + "--precision int8")
        }
    }

    /// nil when none is given.
    ///
    /// - Throws: `FileError` when there is no such file, `InputError` for a folder without pictures.
    func source() throws -> CalibrationSource? { try calibration.map { try CalibrationSource($0) } }
}
