import ArrayFiles
import Foundation
import HiLoKit

/// What a library's classifications are compared with.
enum OtherClassifier {
    case library(EvaluatedLibrary, folder: String)
    /// Of all pictures in order, as another implementation has computed them.
    case logits(NPYArray, file: String)

    /// A folder of a library, or an array.
    init(_ path: String, threads: Int?, ignoringOrientation: Bool) throws {
        if path.hasSuffix(".npy") {
            self = .logits(try NPYArray(contentsOf: path), file: path)
            return
        }
        var first = ResolutionOption()
        first.resolution = nil
        let library = try EvaluatedLibrary(
            path, resolution: first, threads: threads, names: nil,
            ignoringOrientation: ignoringOrientation)
        self = .library(library, folder: path)
    }

    /// - Throws: `InputError` when it has another number of classes or of pictures.
    func check(classes: Int, pictures: Int) throws {
        switch self {
        case .library(let other, let folder):
            guard try other.classes() == classes else {
                throw InputError(
                    "\(folder): has \(try other.classes()) classes; expected \(classes), as the "
                        + "library that it is compared with")
            }
        case .logits(let array, let file):
            guard array.shape == [pictures, classes], array.elementType != .uint8 else {
                throw InputError(
                    "\(file): holds \(array.elementType.rawValue) of \(shapeText(array.shape)); "
                        + "expected logits of \(pictures) pictures x \(classes) classes")
            }
        }
    }

    /// Builds a library if that has not been done.
    func build() async throws {
        if case .library(let library, _) = self { try await library.build() }
    }

    var source: String {
        switch self {
        case .library(_, let folder): folder
        case .logits(_, let file): file
        }
    }
}

/// Logits of pictures, and how long the network took; nil where they come from a file.
private typealias Logits = (values: [Float], seconds: Double?)

extension EvaluatedLibrary {
    /// - Throws: `UsageError` when it is no classifier.
    func classes() throws -> Int {
        guard let classes = network.classes, network.findings == nil else {
            throw UsageError(
                "--images alone is for a classifier; add --annotations for a detector, --labels "
                    + "for a segmenter")
        }
        return classes
    }

    /// The pictures of a folder for each class.
    func classification(of folder: PictureFolder, against other: OtherClassifier?) async throws
        -> ClassificationReport
    {
        let classes = try classes()
        guard names.isEmpty || names.count == classes else {
            throw InputError(
                "--names: expected \(classes) names, one a line for each class; found "
                    + "\(names.count)")
        }
        let pictures = try folder.labelledPictures(classes: classes, names: names)
        try other?.check(classes: classes, pictures: pictures.count)
        try await build()
        try await other?.build()
        return try await classification(of: pictures, classes, against: other)
    }

    private func classification(
        of pictures: [LabelledPicture], _ classes: Int, against other: OtherClassifier?
    ) async throws -> ClassificationReport {
        var tally = ClassificationTally(pictures, classes: classes)
        var (done, seconds, otherSeconds) = (0, 0.0, 0.0 as Double?)
        try await ProgressLine.during { line in
            while done < pictures.count {
                line.showBar(done, of: pictures.count, "pictures")
                let chunk = try await chunk(of: pictures[done...], other)
                tally.add(chunk.own.values, chunk.other?.values)
                seconds += chunk.own.seconds ?? 0
                otherSeconds = chunk.other?.seconds.map { ($0 + (otherSeconds ?? 0)) }
                done += chunk.own.values.count / classes
            }
        }
        return tally.report(
            names: names, seconds: seconds, other: other.map { ($0.source, otherSeconds) })
    }

    /// The logits of the next pictures, as many as make a chunk.
    private func chunk(
        of pictures: ArraySlice<LabelledPicture>, _ other: OtherClassifier?
    ) async throws -> (own: Logits, other: Logits?) {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "pictures")
            let count = try PictureChunk.write(
                pictures.map(\.file)[...], to: file, ignoringOrientation: ignoringOrientation)
            let own = try await logits(of: file, in: folder)
            switch other {
            case .library(let library, _):
                return (own, try await library.logits(of: file, in: folder))
            case .logits(let array, _):
                let classes = array.shape[1]
                let range = pictures.startIndex * classes..<(pictures.startIndex + count) * classes
                return (own, (Array(array.values[range]), nil))
            case nil: return (own, nil)
            }
        }
    }

    private func logits(of pictures: URL, in folder: URL) async throws -> Logits {
        let output = folder.appending(path: "y.npy")
        let report = try await library.run(
            pictures: pictures, output: output, resolution: network.resolution, threads: threads)
        return (try NPYArray(contentsOf: output.path).values, report.seconds)
    }
}
