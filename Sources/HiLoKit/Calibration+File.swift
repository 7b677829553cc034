import CodeGeneration
import FileIO
import Foundation
import Networks
import Planning

/// Why a calibration cannot be made or used.
public struct CalibrationError: Error, Equatable, CustomStringConvertible {
    public let description: String
    // Some quote what a file says.
    init(_ description: String) { self.description = description.printable }
}

// A calibration as text: a tensor a line.

extension Calibration {
    /// Its file in a library's folder.
    public static let fileName = "calibration.json"

    /// The calibration as text, with stable key order.
    public var json: String {
        """
        {
          "format": \(format),
        \(purpose)  "weights": "\(weights)",
          "images": \(images),
        \(decisions)  "tensors": [\(lines(tensors))]
        }

        """
    }

    /// A line of what it is for; none where it is for integers, as most are.
    private var purpose: String {
        precision == .int8 ? "" : "  \"precision\": \(Self.line(precision)),\n"
    }

    /// Lines of what was decided; none where nothing was.
    private var decisions: String {
        let agreement = agreement.map { "  \"agreement\": \(Self.line($0)),\n" } ?? ""
        return agreement + (kept.isEmpty ? "" : "  \"kept\": [\(lines(kept))],\n")
    }

    /// One a line; none where there are none.
    private func lines(_ values: [some Encodable]) -> String {
        values.isEmpty
            ? ""
            : "\n" + values.map { "    \(Self.line($0))" }.joined(separator: ",\n") + "\n  "
    }

    private static func line(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else {
            preconditionFailure("a calibration holds only finite numbers, so it can be encoded")
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// Replaces the file at once.
    ///
    /// - Throws: `FileError`.
    public func write(to path: String) throws { try writeAtomically(Data(json.utf8), to: path) }
}

// MARK: - Reading

extension Calibration {
    private struct Version: Decodable { let format: Int? }

    /// Far more than that of any network.
    private static let largestFile = 256 << 20

    /// Reads a file and checks that it is of a network with these weights, and for this precision.
    ///
    /// - Parameter weights: of `network`.
    /// - Throws: `FileError`; `CalibrationError` that names the file.
    public init(
        contentsOf path: String, for network: Network, _ weights: WeightSource.Matched,
        as precision: Precision
    ) throws {
        let file = try InputFile(path: path)
        guard file.size <= Self.largestFile else {
            throw CalibrationError(
                "\(path): has \(file.size) bytes; expected a calibration, of at most "
                    + "\(Self.largestFile)")
        }
        do {
            try self.init(json: Data(file.read(file.size)))
            try check(precision)
            try check(tensorsOf: network)
            try kept.check(layersOf: network)
            try kept.check(keptIn: precision)
            try check(weights: weights.checksum(for: network))
        } catch let error as CalibrationError {
            throw CalibrationError("\(path): \(error)")
        } catch let error as PlanError {
            throw CalibrationError("\(path): kept: \(error)")
        }
    }

    /// Reads a text and checks that its numbers can be those of a calibration.
    ///
    /// - Throws: `CalibrationError`.
    init(json: Data) throws {
        let decoder = JSONDecoder()
        do {
            let version = try decoder.decode(Version.self, from: json)
            guard let found = version.format else {
                throw CalibrationError("not a calibration: it has no 'format'")
            }
            guard found == Self.formatVersion else {
                throw CalibrationError(
                    "the calibration has format version \(found), this HiLo reads "
                        + "\(Self.formatVersion); record it again")
            }
            self = try decoder.decode(Calibration.self, from: json)
        } catch let error as DecodingError {
            throw CalibrationError("not a calibration: \(error.explanation)")
        }
        guard images > 0 else {
            throw CalibrationError("images: expected 1 or more, found \(images)")
        }
        try agreement?.check()
        for tensor in tensors { try tensor.check() }
    }

    private func check(_ expected: Precision) throws {
        guard precision == expected else {
            throw CalibrationError(
                "recorded for \(precision.rawValue), expected one for \(expected.rawValue); give the pictures or "
                    + "the array again")
        }
    }

    /// - Throws: `CalibrationError` when it is of other tensors than those of `network` that can be
    ///   integers, or has some without being for these.
    func check(tensorsOf network: Network) throws {
        guard precision == .int8 else {
            guard let tensor = tensors.first else { return }
            throw CalibrationError(
                "\(precision.rawValue) has no scales, expected no tensors, found \(tensor.name)")
        }
        let expected = network.quantisable.map { "\($0.name) of \($0.channels) channels" }
        let found = tensors.map { "\($0.name) of \($0.least.count) channels" }
        for (expected, found) in zip(expected, found) where expected != found {
            throw CalibrationError(
                "of another network: expected the tensor \(expected), found \(found)")
        }
        guard expected.count == found.count else {
            throw CalibrationError(
                "of another network: expected \(expected.count) tensors, found \(found.count)")
        }
    }

    private func check(weights expected: String) throws {
        guard weights == expected else {
            throw CalibrationError(
                "of other weights: expected their checksum \(expected), found \(weights); record "
                    + "it again with this checkpoint")
        }
    }
}

extension Calibration.Agreement {
    /// - Throws: `CalibrationError` when its numbers are impossible, or its promise does not hold.
    func check() throws {
        guard images > 0, (0...1).contains(maxDrop), isPossible(cost),
            isPossible(costWithoutKept), cost.share(ofImages: images) <= maxDrop
        else {
            throw CalibrationError(
                "agreement: expected a cost on some images, and no larger a share than maxDrop; found "
                    + "\(words(cost)), \(words(costWithoutKept)) with no layer kept, on \(images) images, "
                    + "and \(maxDrop)")
        }
    }

    private func isPossible(_ cost: Calibration.Cost) -> Bool {
        switch cost {
        case .answers(let differing): (0...images).contains(differing)
        case .maps(let error): error >= 0 && error.isFinite
        }
    }

    private func words(_ cost: Calibration.Cost) -> String {
        switch cost {
        case .answers(let differing): "\(differing) other answers"
        case .maps(let error): "an error of \(error)"
        }
    }
}

extension Calibration.Channels {
    /// - Throws: `CalibrationError` when numbers are missing or impossible.
    func check() throws {
        for (key, values) in [
            ("greatest", greatest), ("mean", mean), ("meanSquare", meanSquare),
        ] where values.count != least.count {
            throw CalibrationError(
                "\(name): expected a number in '\(key)' for each of \(least.count) channels, found "
                    + "\(values.count)")
        }
        for channel in least.indices {
            let (low, high) = (least[channel], greatest[channel])
            let (mean, square) = (mean[channel], meanSquare[channel])
            guard [low, high, mean, square].allSatisfy(\.isFinite) else {
                throw CalibrationError("\(name), channel \(channel): expected finite numbers")
            }
            guard low <= mean, mean <= high, square >= 0 else {
                throw CalibrationError(
                    "\(name), channel \(channel): expected least <= mean <= greatest and a mean "
                        + "square of 0 or more; found \(low), \(mean), \(high) and \(square)")
            }
        }
    }
}

extension WeightSource.Matched {
    /// A checksum of all values, in the order of the network's parameters.
    public func checksum(for network: Network) -> String {
        var checksum = Checksum()
        for parameter in network.parameters {
            weights[parameter.name].withUnsafeBytes { checksum.add($0) }
        }
        return checksum.digits
    }
}
