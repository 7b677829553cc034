import HiLoKit
import Tuning

/// Which HiLo this is.
enum Version {
    static let number = GeneratorVersion.number

    /// What `--version` prints. Files of another format are refused, or left alone, so that is told too.
    ///
    /// Packed weights have the number of plans, because their layout follows from a plan.
    static let text = """
        hilo \(number) (formats: plan \(Plan.formatVersion), weights \(Plan.formatVersion), \
        calibration \(Calibration.formatVersion), tuning records \(TuningFile.formatVersion))
        """
}
