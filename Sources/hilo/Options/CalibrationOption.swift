import ArgumentParser
import Foundation
import HiLoKit

/// `--calibration` and `--max-drop`: what the scales of integers follow from, and what a narrow precision may cost.
struct CalibrationOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What --precision int8 finds its scales with, and --max-drop holds for, also with --precision "
                + "bf16: a folder of pictures like those that the "
                + "network will get, also in folders in it, of which up to 512 are taken; an array "
                + "(.npy) of inputs; or the calibration.json of a library with the same weights.",
            valueName: "folder|file"))
    var calibration: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The share of the calibration's images that a classifier may answer otherwise than in f32; of "
                + "other networks the share that errors may be of the power of "
                + "the maps that they return or their heads read. Layers of int8 that lose most "
                + "stay in bf16 until that holds, and those of bf16 in f32. 1 measures nothing and "
                + "keeps none. (default: \(Self.usualDrop))",
            valueName: "share"))
    var maxDrop: Double?

    static let usualDrop = 0.01

    func validate() throws {
        guard let maxDrop, !(0...1).contains(maxDrop) else { return }
        throw ValidationError(
            "--max-drop is \(maxDrop); expected a share, from 0 to 1: 0.01 is 1 %")
    }

    /// - Parameter hasPlan: whether `--plan` is given, which says what is kept.
    /// - Throws: `UsageError` when one of them is missing, or nothing needs it.
    func check(_ precision: Precision, hasPlan: Bool) throws {
        if hasPlan, maxDrop != nil {
            throw UsageError(
                "--max-drop: --plan says which layers stay wider; leave one of them out")
        }
        switch (precision, calibration) {
        case (.int8, nil):
            throw UsageError(
                "--precision int8 needs --calibration: a folder with some hundred pictures like "
                    + "those that the network will get, an array (.npy) of inputs, or the "
                    + "\(Calibration.fileName) of a library with the same weights")
        case (.int8, _?), (.bf16, _?), (_, nil): break
        case (_, _?):
            throw UsageError(
                "--calibration: \(precision.rawValue) needs none; leave it out, or give "
                    + "--precision bf16 or int8")
        }
        guard maxDrop != nil, calibration == nil else { return }
        throw UsageError(
            precision == .bf16
                ? "--max-drop needs --calibration, whose images bf16 is compared with f32 on"
                : "--max-drop: \(precision.rawValue) has nothing to lift; leave it out, or give "
                    + "--precision bf16 or int8")
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
            ?? "without measuring what \(calibration.precision.rawValue) changes"
        throw UsageError(
            "--max-drop \(maxDrop): \(path) was recorded \(before); leave it out, or give the "
                + "pictures or the array again as --calibration")
    }
}
