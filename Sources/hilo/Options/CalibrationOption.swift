import ArgumentParser
import Foundation
import HiLoKit

/// `--calibration` and `--max-drop`: what the scales of integers follow from, and what integers may cost.
struct CalibrationOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What --precision int8 finds its scales with: a folder of pictures like those that the "
                + "network will get, also in folders in it, of which up to 512 are taken; an array "
                + "(.npy) of inputs; or the calibration.json of a library with the same weights.",
            valueName: "folder|file"))
    var calibration: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The share of the calibration's images that a classifier may answer otherwise with int8 "
                + "than in f32; of other networks the share that errors may be of the power of "
                + "the maps that they return or their heads read. Layers that lose most stay in bf16 "
                + "until that holds, and in f32 where bf16 is not enough. 1 measures nothing and "
                + "keeps none. (default: \(Self.usualDrop))",
            valueName: "share"))
    var maxDrop: Double?

    static let usualDrop = 0.01

    func validate() throws {
        guard let maxDrop, !(0...1).contains(maxDrop) else { return }
        throw ValidationError(
            "--max-drop is \(maxDrop); expected a share, from 0 to 1: 0.01 is 1 %")
    }

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
        if maxDrop != nil, precision != .int8 {
            throw UsageError(
                "--max-drop: \(precision.rawValue) has no integers to lift; leave it out, or give "
                    + "--precision int8")
        }
    }

    /// nil when none is given.
    ///
    /// - Throws: `FileError` when there is no such file, `InputError` for a folder without pictures.
    func source() throws -> CalibrationSource? { try calibration.map { try CalibrationSource($0) } }

    // MARK: - Files

    /// The layers that a calibration from a file keeps, which nothing is measured for.
    ///
    /// - Throws: `UsageError` when it was made for another `--max-drop`.
    func reused(_ calibration: Calibration, from path: String) throws -> Calibration {
        guard let maxDrop, maxDrop != calibration.agreement?.maxDrop else { return calibration }
        if maxDrop == 1 { return calibration.keeping([]) }
        let before =
            calibration.agreement.map { "for --max-drop \($0.maxDrop)" }
            ?? "without measuring what int8 changes"
        throw UsageError(
            "--max-drop \(maxDrop): \(path) was recorded \(before); leave it out, or give the "
                + "pictures or the array again as --calibration")
    }
}
