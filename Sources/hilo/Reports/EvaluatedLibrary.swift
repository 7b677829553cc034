import Evaluation
import Foundation
import HiLoKit

/// A library that runs on pictures of which the truth is known.
struct EvaluatedLibrary {
    private let argument: LibraryArgument
    let library: GeneratedLibrary
    let network: Network
    private let findingsRun: FindingsRun
    let threads: Int?
    let ignoringOrientation: Bool
    /// Of the classes; none where they are not known.
    let names: [String]

    /// Opens the library.
    init(
        _ folder: String, resolution: ResolutionOption, threads: Int?, names: String?,
        ignoringOrientation: Bool
    ) throws {
        var argument = LibraryArgument()
        argument.folder = folder
        self.argument = argument
        library = try argument.open()
        network = try resolution.network(of: library)
        findingsRun = FindingsRun(
            library: library, resolution: resolution.resolution == nil ? nil : network.resolution,
            content: nil, original: nil, threads: threads,
            ignoresOrientation: ignoringOrientation, annotations: nil)
        self.threads = threads
        self.names = try names.map { try Labels.read($0) } ?? network.labels
        self.ignoringOrientation = ignoringOrientation
        _ = try PackedWeights(of: library)
    }

    /// Builds it if that has not been done, once it is known that it suits.
    func build() async throws { try await argument.buildIfOutOfDate(library) }

    // MARK: - Detection and segmentation

    /// What the library finds in all pictures of a data set.
    func detections(
        in folder: String, _ dataset: CocoDataset, _ annotations: String
    ) async throws -> [CocoDetection] {
        guard let classes = network.findingClasses, network.findings != .labels else {
            throw UsageError("--annotations: the library is no detector")
        }
        let ids = try Annotations(annotations, dataset)
            .categoryIDs(classes: classes, names: names)
        try await build()
        var all: [CocoDetection] = []
        try await ProgressLine.during { line in
            for (index, image) in dataset.images.enumerated() {
                line.show(index, of: dataset.images.count, image.fileName)
                let path = URL(fileURLWithPath: folder).appending(path: image.fileName).path
                guard case .detections(let objects) = try await findings(in: path) else { continue }
                let size = Resolution(height: image.height, width: image.width)
                all += objects.map {
                    CocoDetection(
                        $0, imageID: image.id, categoryID: ids[$0.classIndex], size: size)
                }
            }
        }
        return all
    }

    /// Makes a segmenter ready for `labels`.
    func prepareSegmenter() async throws {
        guard network.findings == .labels else {
            throw UsageError("--labels: the library is no segmenter")
        }
        try await build()
    }

    /// The class of each pixel of a picture.
    func labels(of path: String) async throws -> LabelMap {
        guard case .labels(let map) = try await findings(in: path) else {
            throw InputError("\(path): the library found no labels")
        }
        return LabelMap(height: map.size.height, width: map.size.width, labels: map.classes)
    }

    private func findings(in path: String) async throws -> Findings {
        try await findingsRun.image(ofPicture: path, id: 0).images[0].findings
    }
}
