import ArgumentParser
import Evaluation
import Foundation
import HiLoKit

struct Accuracy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compares what a network finds with the truth.",
        discussion: """
            A detector: --annotations FILE of COCO's form, and --images FOLDER, on which the \
            library runs, or --detections FILE with results that there are already. The numbers \
            are those of pycocotools: AP and AR of boxes, and of masks where all have them.

            A segmenter: --labels FOLDER, in which NAME.png (8-bit grey) or NAME.npy has the class \
            of each pixel of NAME.jpg or NAME.png in --images FOLDER; or --predictions FOLDER with \
            label maps that there are already, as NAME.png, NAME.npy or NAME/labels.npy. Pixels \
            with the label 255 are left out. The numbers are mIoU, mAcc and aAcc.

            A classifier: --images FOLDER with a folder of pictures for each class, FOLDER/CLASS/*.png. \
            The numbers are top-1 and, where there are more than five classes, top-5; and how many \
            images a second the network runs, without reading pictures and preparing them. With \
            --against also how far another classifier agrees on the same pictures: another \
            precision, resolution or instruction set, or logits that something else has computed.
            """)

    @Argument(
        help: ArgumentHelp(
            "A folder that 'hilo generate' wrote; none when results are given.", valueName: "dir"))
    var folder: String?

    @Option(help: ArgumentHelp("The objects in the pictures, in COCO's form.", valueName: "file"))
    var annotations: String?

    @Option(help: ArgumentHelp("The class of each pixel of the pictures.", valueName: "folder"))
    var labels: String?

    @Option(help: ArgumentHelp("The pictures.", valueName: "folder"))
    var images: String?

    @Option(help: ArgumentHelp("Results of a detector, in COCO's form.", valueName: "file"))
    var detections: String?

    @Option(help: ArgumentHelp("Results of a segmenter: label maps.", valueName: "folder"))
    var predictions: String?

    @Option(
        help: ArgumentHelp(
            "Another library of the same classes, at its first resolution; or an array (.npy) of "
                + "logits, pictures x classes, sorted by the folder's name and then the picture's.",
            valueName: "dir|file"))
    var against: String?

    @Option(
        help: ArgumentHelp(
            "Names of the network's classes, one a line, to find them among the annotations' "
                + "categories or the folders. (default: both have the same order)",
            valueName: "file"))
    var names: String?

    @Flag(help: "Labels begin with 1 and 0 is no class, as in ADE20K's files.")
    var reduceZeroLabel = false

    @Flag(
        help: ArgumentHelp(
            "Small, medium and large detections are told apart by their masks, as in published "
                + "numbers of masks; else by their boxes, as pycocotools does it."))
    var sizesByMasks = false

    @Flag(help: "Leaves photos as the sensor saw them; else they are turned upright.")
    var ignoreOrientation = false

    @Flag(help: "Also prints the numbers of each class.")
    var byClass = false

    @Flag(help: "Prints one JSON object, with the numbers of each class.")
    var json = false

    @OptionGroup var threads: ThreadsOption
    @OptionGroup var resolution: ResolutionOption

    /// What is compared, and where it comes from.
    private enum Comparison {
        case detections(file: String, annotations: String)
        case runDetector(images: String, annotations: String)
        case predictions(folder: String, labels: String)
        case runSegmenter(images: String, labels: String)
        case runClassifier(images: String)
    }

    func validate() throws {
        guard case .runClassifier = try comparison() else {
            guard against == nil else {
                throw ValidationError("--against is for classifiers: a folder and --images alone")
            }
            return
        }
    }

    func run() async throws {
        do {
            let report = try await report()
            if json {
                try Console.print(json: report)
            } else {
                try Console.print(report.text(byClass: byClass))
            }
        } catch let error as EvaluationError {
            throw InputError(error.description)
        }
    }

    private func report() async throws -> any AccuracyReport {
        switch try comparison() {
        case .detections(let file, let annotations):
            let dataset = try CocoDataset(contentsOf: annotations)
            return try DetectionReport(
                CocoDetection.list(contentsOf: file), dataset, sizesByMasks: sizesByMasks)
        case .runDetector(let images, let annotations):
            let dataset = try CocoDataset(contentsOf: annotations)
            let found = try await library().detections(in: images, dataset, annotations)
            return try DetectionReport(found, dataset, sizesByMasks: sizesByMasks)
        case .predictions(let folder, let labels):
            let folder = PictureFolder(folder)
            return try await segmentation(labels, names.map { try Labels.read($0) } ?? []) { name in
                try LabelMap(contentsOf: folder.labelMap(named: name))
            }
        case .runSegmenter(let images, let labels):
            let (library, folder) = (try library(), PictureFolder(images))
            try await library.prepareSegmenter()
            return try await segmentation(labels, library.names) { name in
                try await library.labels(of: folder.picture(named: name))
            }
        case .runClassifier(let images):
            let other = try against.map {
                try OtherClassifier(
                    $0, threads: threads.threads, ignoringOrientation: ignoreOrientation)
            }
            return try await library().classification(of: PictureFolder(images), against: other)
        }
    }

    private func library() throws -> EvaluatedLibrary {
        guard let folder else { throw UsageError("the folder of a library is missing") }
        return try EvaluatedLibrary(
            folder, resolution: resolution, threads: threads.threads, names: names,
            ignoringOrientation: ignoreOrientation)
    }

    private func segmentation(
        _ labels: String, _ classes: [String],
        _ prediction: (String) async throws -> LabelMap
    ) async throws -> SegmentationReport {
        var accuracy = SegmentationAccuracy()
        let folder = PictureFolder(labels)
        let maps = try folder.labelMapNames()
        guard !maps.isEmpty else {
            throw InputError("\(labels): has no label maps (.png or .npy)")
        }
        try await ProgressLine.during { line in
            for (index, name) in maps.enumerated() {
                line.show(index, of: maps.count, name)
                let file = try folder.labelMap(named: name)
                let map = try LabelMap(contentsOf: file)
                let truth = reduceZeroLabel ? map.withoutZeroLabel : map
                let found = try await prediction(name)
                guard (found.height, found.width) == (truth.height, truth.width) else {
                    throw InputError(
                        "\(file): \(truth.height)x\(truth.width) labels, but "
                            + "\(found.height)x\(found.width) are predicted")
                }
                try accuracy.add(prediction: found.labels, truth: truth.labels)
            }
        }
        return SegmentationReport(accuracy, images: maps.count, names: classes)
    }

    private func comparison() throws -> Comparison {
        switch (annotations, labels, images, detections, predictions) {
        case (let annotations?, nil, nil, let file?, nil) where folder == nil:
            return .detections(file: file, annotations: annotations)
        case (let annotations?, nil, let images?, nil, nil) where folder != nil:
            return .runDetector(images: images, annotations: annotations)
        case (nil, let labels?, nil, nil, let predictions?) where folder == nil:
            return .predictions(folder: predictions, labels: labels)
        case (nil, let labels?, let images?, nil, nil) where folder != nil:
            return .runSegmenter(images: images, labels: labels)
        case (nil, nil, let images?, nil, nil) where folder != nil:
            return .runClassifier(images: images)
        default:
            throw ValidationError(
                "give a library's folder and --images, with --annotations or --labels unless it is "
                    + "a classifier; or, without a folder, --annotations and --detections, or "
                    + "--labels and --predictions")
        }
    }
}
