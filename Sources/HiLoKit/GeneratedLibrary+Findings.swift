import ArrayFiles
import Foundation
import Graphs
import Machines
import Networks

extension GeneratedLibrary {
    /// How results were computed.
    public struct FindingsReport: Sendable, Decodable {
        /// In all.
        public let images: Int
        public let threads: Int
        /// Of an image, the median of all.
        public let milliseconds: Double
        /// Of the pass that ran.
        public let resolution: Resolution
        /// Of the picture in the input, and of the one in whose pixels results are.
        public let content, original: Resolution
        /// The size that the network's recipe gives a picture; of an array that of its content.
        public let fitted: Resolution

        private enum CodingKeys: String, CodingKey {
            case images, threads, milliseconds, resolution, content, original, fitted
        }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            images = try container.decode(Int.self, forKey: .images)
            threads = try container.decode(Int.self, forKey: .threads)
            milliseconds = try container.decode(Double.self, forKey: .milliseconds)
            func size(_ key: CodingKeys) throws -> Resolution {
                let sides = try container.decode([Int].self, forKey: key)
                guard sides.count == 2 else {
                    throw DecodingError.dataCorruptedError(
                        forKey: key, in: container, debugDescription: "no height and width")
                }
                return Resolution(height: sides[0], width: sides[1])
            }
            resolution = try size(.resolution)
            (content, original) = (try size(.content), try size(.original))
            fitted = try size(.fitted)
        }
    }

    /// Runs a detector or a segmenter and reads what it found.
    ///
    /// - Parameters:
    ///   - input: a .npy file: float32 of N × `inputShape`, normalised and padded, or uint8 of
    ///     height × width × RGB, a picture, which the library prepares.
    ///   - folder: an existing folder, which gets `detections.npy` and `segmentations.txt`, or
    ///     `labels.npy`; of several images there is a folder in it for each.
    ///   - content: the size of the picture at the top left of each input; nil is all of it.
    ///   - original: the size of the picture in whose pixels results are; nil is the content's.
    ///   - resolution: one that the library holds; nil is the first, or what suits a picture.
    /// - Throws: `LibraryError.harness`, `.notBuilt`; `NPYError`.
    public func findings(
        of input: URL, in folder: URL, content: Resolution? = nil, original: Resolution? = nil,
        resolution: Resolution? = nil, threads: Int? = nil, isa: ISA? = nil
    ) async throws -> (findings: [Findings], report: FindingsReport) {
        guard let kind = plan.network.findings else {
            preconditionFailure("\(name) is neither a detector nor a segmenter")
        }
        let result = try await runHarness(
            runArguments(input, folder, resolution, threads, isa)
                + option("--content", content) + option("--original", original))
        let report = try decode(FindingsReport.self, result.stdout)
        let folders =
            report.images == 1
            ? [folder] : (0..<report.images).map { folder.appending(path: "\($0)") }
        return (try folders.map { try Findings(in: $0, kind) }, report)
    }
}
