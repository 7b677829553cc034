import Evaluation
import Foundation
import HiLoKit
import ImageFiles

extension Run {
    /// Runs a detector or a segmenter.
    ///
    /// - Parameter kind: what it gives.
    func find(_ kind: FindingsKind, with opened: GeneratedLibrary) async throws {
        try checkFindings()
        let network = opened.plan.network
        _ = try PackedWeights(of: opened)
        let file = try findings.annotations.map { try Annotations($0) }
        let classes = try classNames(of: network, file)
        let sizes = try findings.sizes()
        let isGiven = resolution.resolution != nil
        let run = FindingsRun(
            library: opened, resolution: isGiven ? try resolution.choice(of: opened) : nil,
            content: sizes.content, original: sizes.original, threads: threads.threads,
            ignoresOrientation: ignoreOrientation, annotations: file)
        let pictures = try FindingsRun.pictures(in: input)
        let isArray = try pictures == nil && NetworkInput.isArray(input)
        if !isArray, sizes.content != nil || sizes.original != nil {
            throw UsageError("--content and --original are for arrays; a picture has its own")
        }
        var session = FindingsSession(
            kind: kind, classes: classes, leastScore: findings.leastScore, output: output,
            printsJSON: json)
        let searched = isArray ? [] : pictures ?? [input]
        try session.checkOutputs(
            of: searched, isFolder: pictures != nil,
            reading: [isArray ? input : nil, findings.annotations, labels].compactMap { $0 })
        try await library.buildIfOutOfDate(opened)
        if isArray {
            try session.add(try await run.images(ofArray: input))
        } else {
            try await session.add(searched, run, isFolder: pictures != nil)
        }
        try session.finish()
    }

    private func checkFindings() throws {
        let flag = top != nil ? "--top" : visualize ? "--visualize" : nil
        guard let flag else { return }
        throw UsageError(
            "\(flag): the library gives "
                + "\(flag == "--top" ? "detections or labels" : "no feature maps"); leave it out")
    }

    private func classNames(of network: Network, _ file: Annotations?) throws -> ClassNames {
        let count = network.findingClasses ?? 0
        let known = try labels.map { try Labels.read($0, for: network) } ?? network.labels
        let names = known.isEmpty ? file?.names(classes: count) ?? [] : known
        return ClassNames(
            names: names, ids: try file?.categoryIDs(classes: count, names: names))
    }
}

/// What becomes of the results of a run, image by image.
private struct FindingsSession {
    let kind: FindingsKind
    let classes: ClassNames
    let leastScore: Double
    let output: String?
    let printsJSON: Bool

    private var results: [CocoDetection] = []
    private var segmented: [SegmentedImage] = []
    private var texts: [String] = []
    private var times: [Double] = []
    private var threads = 0
    private var objects = 0
    private var deviations: [String] = []
    private var failures: [String] = []

    init(
        kind: FindingsKind, classes: ClassNames, leastScore: Double, output: String?,
        printsJSON: Bool
    ) {
        self.kind = kind
        self.classes = classes
        self.leastScore = leastScore
        self.output = output
        self.printsJSON = printsJSON
    }

    private var report: FindingsReport { FindingsReport(classes: classes, leastScore: leastScore) }
    /// To which sides are padded.
    private var padding: Int { kind == .labels ? 1 : 32 }

    /// - Parameter others: files that are read beside the pictures.
    /// - Throws: `UsageError` when results would be written over what is read or over each other.
    func checkOutputs(of pictures: [String], isFolder: Bool, reading others: [String]) throws {
        guard let output else { return }
        try folder(output, isForMany: isFolder).check(pictures, reading: pictures + others, kind)
    }

    /// Adds pictures; one of a folder that cannot be read is left out.
    mutating func add(_ pictures: [String], _ run: FindingsRun, isFolder: Bool) async throws {
        let line = ProgressLine()
        for (index, path) in pictures.enumerated() {
            if isFolder { line.show(index, of: pictures.count, path) }
            do {
                let result = try await run.image(ofPicture: path, id: index)
                if isFolder { line.clear() }
                try add(result, isForMany: isFolder)
            } catch let error as ImageFileError where isFolder && error.reason != .unwritable {
                failures.append("\(error)")
            }
        }
        if isFolder { line.clear() }
    }

    mutating func add(_ result: FindingsRun.Result) throws {
        try add(result, isForMany: result.images.count > 1)
    }

    private mutating func add(_ result: FindingsRun.Result, isForMany: Bool) throws {
        threads = result.report.threads
        times.append(result.report.milliseconds)
        for (number, image) in result.images.enumerated() {
            if let text = result.deviation(padding: padding), image.picture != nil {
                deviations.append("\(image.name): \(text)")
            }
            if let output {
                let folder = folder(output, isForMany: isForMany)
                try folder.create()
                try folder.write(image, number: number)
            }
            keep(image, isForMany: isForMany)
        }
    }

    private mutating func keep(_ image: FoundImage, isForMany: Bool) {
        let isListed = output == nil && !printsJSON
        let text: String
        switch image.findings {
        case .detections(let found):
            objects += found.count
            if !isListed { results += report.results(found, in: image) }
            text = isListed ? report.text(found) : ""
        case .labels(let map):
            guard isListed || printsJSON else { return }
            let shares = SegmentedImage(map, in: image, classes)
            if printsJSON { segmented.append(shares) }
            text = isListed ? report.text(shares) : ""
        }
        if isListed { texts.append((isForMany ? "\(image.name)\n" : "") + text) }
    }

    private func folder(_ path: String, isForMany: Bool) -> FindingsFolder {
        FindingsFolder(
            url: URL(fileURLWithPath: path), classes: classes, leastScore: leastScore,
            isForMany: isForMany)
    }

    /// Writes what belongs to all images, and prints.
    func finish() throws {
        if let output, kind != .labels, !times.isEmpty {
            try folder(output, isForMany: true).write(results)
        }
        noteDeviations()
        if printsJSON {
            if kind == .labels {
                try Console.print(json: segmented)
            } else {
                try Console.print(json: results)
            }
        } else {
            try Console.print((texts + [summary]).joined(separator: "\n"))
        }
        guard failures.isEmpty else { throw InputError(failures.joined(separator: "\n")) }
    }

    private func noteDeviations() {
        guard let first = deviations.first else { return }
        let others = deviations.count - 1
        Console.note(
            first
                + (others > 0 ? "; likewise \(others) of the other pictures" : ""))
    }

    private var summary: String {
        let count = times.count
        let median = times.sorted().dropFirst(count / 2).first ?? 0
        let time =
            "\(decimal(median, 2)) ms\(count > 1 ? " a picture" : ""), "
            + "\(threads) \(threads == 1 ? "thread" : "threads")"
        guard let output else { return time }
        let what = kind == .labels ? "labels" : "\(objects) detections"
        return "\(what) in \(output), \(time)"
    }
}
