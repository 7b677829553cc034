import HiLoKit

/// Which HiLo this is.
enum Version {
    static let number = GeneratorVersion.number

    /// What `--version` prints. Plans of another format are refused, so that is told too.
    static let text = "hilo \(number) (plan format \(Plan.formatVersion))"
}
