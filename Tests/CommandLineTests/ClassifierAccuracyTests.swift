import ArrayFiles
import Foundation
import HiLoKit
import ImageFiles
import Testing

/// What `hilo accuracy` finds of classifiers, with the trained digits and their pictures.
@Suite(.serialized, .enabled("no C compiler with OpenMP") { await Compiler.isThere })
struct ClassifierAccuracyTests {
    private let sandbox: Sandbox

    init() async throws {
        sandbox = try Sandbox()
        try await sandbox.generateDigits("lib")
    }

    private func report(_ flags: String...) async throws -> ClassifierFigures {
        try await sandbox.classifierFigures(
            ["accuracy", "lib", "--images", "digits", "--json"] + flags)
    }

    @Test func digitsAreFoundInFoldersOfNamesAndOfNumbers() async throws {
        try sandbox.copyDigits { Sandbox.digitNames[$0] }
        let named = try await report("--names", Sandbox.digits.appending(path: "labels.txt").path)
        #expect(named.images == 6 && named.figures == ["top1": 1, "top5": 1])
        #expect(named.classes.map(\.index) == [0, 2, 3, 5, 7, 8])
        #expect(named.classes.map(\.name) == ["zero", "two", "three", "five", "seven", "eight"])
        #expect(named.classes.allSatisfy { $0.images == 1 && $0.top1 == 1 })
        #expect(named.imagesPerSecond > 0 && named.against == nil)

        try FileManager.default.removeItem(at: sandbox.file("digits"))
        // All but the 2 lie in the folder of the class after theirs.
        try sandbox.copyDigits { "\($0 == 2 ? 2 : $0 + 1)" }
        let numbered = try await report()
        #expect(numbered.figures["top1"] == 1.0 / 6)
        #expect(numbered.classes.map(\.index) == [1, 2, 4, 6, 8, 9])
        #expect(numbered.classes.map(\.top1) == [0, 1, 0, 0, 0, 0])
    }

    /// Another seed makes another network: what both find is asked of each picture alone.
    @Test func anotherNetworkAgreesAsFarAsItsAnswersAreTheSame() async throws {
        try sandbox.copyDigits { "\($0)" }
        let generated = try await sandbox.hilo(
            "generate", "--config", Sandbox.digits.appending(path: "digits.yaml").path, "--seed",
            "7", "--name", "digits", "--output", "other", "--no-tuning")
        #expect(generated.status == 0, "\(generated.stderr)")
        let found = try await report("--against", "other")
        let against = try #require(found.against)
        let alone = try await sandbox.classifierFigures(
            ["accuracy", "other", "--images", "digits", "--json"])
        #expect(against.figures == alone.figures && against.source == "other")

        let pictures = try sandbox.pictures(in: "digits")
        var answers: [[[Double]]] = []
        for picture in pictures {
            answers.append([
                try await sandbox.probabilities(of: picture, by: "lib"),
                try await sandbox.probabilities(of: picture, by: "other"),
            ])
        }
        let same = answers.count { $0[0].best == $0[1].best }
        #expect(same < 6, "an untrained network cannot know all digits")
        #expect(against.agreement == Double(same) / 6)
        let differences = answers.map { zip($0[0], $0[1]).map { abs($0 - $1) }.max() ?? 0 }
        let worst = try #require(differences.max())
        #expect(abs(against.probabilityDifference.worst - worst) < 1e-6)
        let mean = differences.reduce(0, +) / 6
        #expect(abs(try #require(against.probabilityDifference.mean) - mean) < 1e-6)
        let place = try #require(differences.firstIndex(of: worst))
        #expect(try #require(against.probabilityDifference.picture).hasSuffix(pictures[place]))
    }

    @Test func logitsOfAnArrayAreCompared() async throws {
        try sandbox.copyDigits { "\($0)" }
        // Sure of the right class but for the first and the fourth picture: 0 and 5.
        let classes = [9, 2, 3, 1, 7, 8]
        let logits = classes.flatMap { best in (0..<10).map { $0 == best ? 1000 : 0 as Float } }
        try NPYArray(shape: [6, 10], values: logits).write(to: sandbox.file("y.npy").path)
        let against = try await #require(try report("--against", "y.npy").against)
        #expect(against.figures["top1"] == 4.0 / 6 && against.agreement == 4.0 / 6)
        #expect(against.imagesPerSecond == nil)
        #expect((0.7...1).contains(against.probabilityDifference.worst))
        let picture = try #require(against.probabilityDifference.picture)
        #expect(picture.contains("/digits/0/") || picture.contains("/digits/5/"))
        try NPYArray(shape: [5, 10], values: Array(logits.dropLast(10)))
            .write(to: sandbox.file("y.npy").path)
        try await sandbox.expectFailure(
            65, of: ["accuracy", "lib", "--images", "digits", "--against", "y.npy"],
            saying: ["y.npy", "5 x 10", "6 pictures x 10 classes"])
    }

    /// Another resolution is another computation; pictures of other sizes are prepared alike.
    @Test func resolutionsAndSizesMayDiffer() async throws {
        try sandbox.copyDigits { "\($0)" }
        let large = try RGBImage(contentsOf: sandbox.file("digits/3/held_out_036_is_3.png").path)
        try large.enlarged(by: 3).write(to: sandbox.file("digits/3/large.png").path)
        try await sandbox.generateDigits("other", flags: ["--resolution", "96"])
        let found = try await report("--against", "other")
        #expect(found.images == 7 && found.figures["top1"] == 1)
        let against = try #require(found.against)
        #expect(against.probabilityDifference.worst > 1e-3)
        #expect(try #require(against.agreement) >= 2.0 / 7)
    }

    @Test func theTextNamesTheSameFigures() async throws {
        try sandbox.copyDigits { "\($0)" }
        let ending = try await sandbox.hilo(
            "accuracy", "lib", "--images", "digits", "--against", "lib", "--by-class")
        #expect(ending.status == 0, "\(ending.stderr)")
        #expect(!ending.stderr.contains("\r"), "a bar where there is no terminal")
        for text in [
            "6 pictures\n", "top1 of 8", "the same class is likeliest in both: 100.00 %\n",
            "all probabilities are the same\n", "images/s, the other ",
        ] {
            #expect(ending.stdout.contains(text), "'\(text)' is missing in: \(ending.stdout)")
        }
    }

    /// Of five classes top-5 would always be 1.
    @Test func fiveClassesHaveNoTopFive() async throws {
        try sandbox.copyDigits { "\($0 / 2)" }
        try sandbox.writeConfiguration()
        let generated = try await sandbox.hilo(
            "generate", "--config", "tiny.yaml", "--isa", "generic", "--output", "five",
            "--no-tuning")
        #expect(generated.status == 0, "\(generated.stderr)")
        let flags = ["--images", "digits"]
        let found = try await sandbox.classifierFigures(["accuracy", "five", "--json"] + flags)
        #expect(found.images == 6 && Array(found.figures.keys) == ["top1"])
        try await sandbox.expectFailure(
            65, of: ["accuracy", "lib", "--against", "five"] + flags,
            saying: ["five: has 5 classes", "expected 10"])
    }

    @Test func damagedFilesOfPicturesAreRefused() async throws {
        try sandbox.copyDigits { "\($0)" }
        #expect(try await report().images == 6)
        let library = try GeneratedLibrary(folder: sandbox.file("lib"))
        let picture = PictureFile.start(width: 2, height: 1) + [1, 2, 3, 4, 5, 6]
        let whole = PictureFile.start(pictures: 1) + picture
        let cases: [(bytes: [UInt8], problem: String)] = [
            ([], "not a file of pictures"), (Array("HILOPIXELS......".utf8), "not a file of"),
            (PictureFile.start(pictures: 0), "0 pictures cannot be"),
            (PictureFile.start(pictures: .max) + picture, "cannot be in a file of that size"),
            (Array(whole.dropLast()), "picture 0 is cut off"),
            (
                PictureFile.start(pictures: 1) + PictureFile.start(width: 0, height: 9) + picture,
                "picture 0 has impossible sides"
            ),
            (PictureFile.start(pictures: 2) + picture + picture.prefix(13), "picture 1 is cut off"),
        ]
        let (input, output) = (sandbox.file("pictures"), sandbox.file("y.npy"))
        for (bytes, problem) in cases {
            try Data(bytes).write(to: input)
            let error = await #expect(throws: LibraryError.self) {
                try await library.run(pictures: input, output: output)
            }
            guard case .harness(65, let message) = error else {
                Issue.record("\(problem): \(String(describing: error))")
                continue
            }
            #expect(message.contains(problem))
        }
        try Data(whole).write(to: input)
        #expect(try await library.run(pictures: input, output: output).images == 1)
        #expect(try NPYArray(contentsOf: output.path).shape == [1, 10])
    }
}

/// Pictures that `hilo accuracy` refuses; nothing is compiled for it.
@Suite struct LabelledPictureTests {
    private let sandbox: Sandbox

    init() async throws {
        sandbox = try Sandbox()
        try await sandbox.generateDigits("lib")
    }

    private func expectRefusal(saying words: String..., flags: [String] = []) async throws {
        try await sandbox.expectFailure(
            65, of: ["accuracy", "lib", "--images", "digits"] + flags, saying: words)
    }

    @Test func foldersWithoutPictures() async throws {
        try await expectRefusal(saying: "digits: the folder cannot be read")
        let folder = sandbox.file("digits")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try await expectRefusal(saying: "digits: has no folders", "CLASS/*.png")
        try FileManager.default.createDirectory(
            at: folder.appending(path: "3"), withIntermediateDirectories: true)
        try await expectRefusal(saying: "digits: the folders in it have no pictures", ".png")
    }

    @Test func foldersThatAreNoClass() async throws {
        try sandbox.copyDigits { "\($0 + 2)" }
        try await expectRefusal(saying: "digits/10: is no class", "0 to 9")
        let names = ["--names", Sandbox.digits.appending(path: "labels.txt").path]
        try await expectRefusal(saying: "digits/10: is no class", "zero, one, two", flags: names)
        try sandbox.write("few.txt", "2\n4\n")
        try await expectRefusal(
            saying: "--names: expected 10 names", "found 2", flags: ["--names", "few.txt"])
        try FileManager.default.moveItem(
            at: sandbox.file("digits/10"), to: sandbox.file("digits/ten"))
        try await expectRefusal(saying: "has 6 folders", "10 classes", "--names")
    }

    @Test func aDetectorsOptionsBesideAnotherClassifier() async throws {
        try await sandbox.expectFailure(
            64,
            of: ["accuracy", "lib", "--images", "x", "--annotations", "y", "--against", "lib"],
            saying: ["--against is for classifiers"])
    }

    @Test(.enabled("no C compiler with OpenMP") { await Compiler.isThere })
    func aPictureThatDoesNotDecode() async throws {
        #expect(try await sandbox.hilo("build", "lib").status == 0)
        try sandbox.copyDigits { "\($0)" }
        let whole = try Data(contentsOf: sandbox.file("digits/7/held_out_005_is_7.png"))
        try whole.dropLast(120).write(to: sandbox.file("digits/7/torn.png"))
        try await expectRefusal(saying: "digits/7/torn.png", "cannot be decoded as PNG")
        try sandbox.write("digits/7/torn.png", "no picture")
        try await expectRefusal(saying: "digits/7/torn.png", "neither PNG nor JPEG")
    }
}

// MARK: - Support

/// What `accuracy --json` prints of a classifier.
struct ClassifierFigures: Decodable {
    struct Class: Decodable {
        let index: Int
        let name: String?
        let images: Int
        let top1: Double?

        private enum CodingKeys: String, CodingKey {
            case index = "class"
            case name, images, top1
        }
    }

    struct Difference: Decodable {
        let mean: Double?
        let worst: Double
        let picture: String?
    }

    struct Other: Decodable {
        let source: String
        let figures: [String: Double]
        let imagesPerSecond, agreement: Double?
        let probabilityDifference: Difference
    }

    let images: Int
    let figures: [String: Double]
    let classes: [Class]
    let imagesPerSecond: Double
    let against: Other?
}

extension Sandbox {
    static let project = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    static let digits = project.appending(path: "Examples/digits")
    static let digitNames = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    ]

    func generateDigits(_ folder: String, flags: [String] = []) async throws {
        let ending = try await hilo(
            [
                "generate", "--checkpoint", Self.digits.appending(path: "digits.pth").path,
                "--name", "digits", "--no-tuning", "--output", folder,
            ] + flags)
        #expect(ending.status == 0, "\(ending.stderr)")
    }

    /// Copies the example's six pictures to digits/FOLDER/, which depends on the digit.
    func copyDigits(to folder: (Int) -> String) throws {
        let images = Self.digits.appending(path: "images")
        for name in try FileManager.default.contentsOfDirectory(atPath: images.path) {
            let digit = try #require(name.dropLast(4).last?.wholeNumberValue)
            let target = file("digits/\(folder(digit))")
            try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                at: images.appending(path: name), to: target.appending(path: name))
        }
    }

    /// The pictures of a folder of folders, in the order of `accuracy`.
    func pictures(in folder: String) throws -> [String] {
        try contents().filter { $0.hasPrefix(folder + "/") && $0.hasSuffix(".png") }
    }

    func classifierFigures(_ arguments: [String]) async throws -> ClassifierFigures {
        let ending = try await hilo(arguments)
        #expect(ending.status == 0, "\(ending.stderr)")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(ClassifierFigures.self, from: Data(ending.stdout.utf8))
    }

    /// What `run` finds of a picture, by class.
    func probabilities(of picture: String, by library: String) async throws -> [Double] {
        let ending = try await hilo("run", library, "--input", picture, "--output", "logits.npy")
        #expect(ending.status == 0, "\(ending.stderr)")
        let logits = try NPYArray(contentsOf: file("logits.npy").path).values
        let found = Classification(logits: logits, top: logits.count)
        return found.top.sorted { $0.index < $1.index }.map(\.probability)
    }
}

extension [Double] {
    fileprivate var best: Int? { self.max().flatMap(firstIndex) }
}

extension RGBImage {
    /// Every pixel several times each way.
    fileprivate func enlarged(by factor: Int) -> RGBImage {
        let (width, height) = (self.width * factor, self.height * factor)
        let pixels = (0..<width * height).flatMap { pixel in
            let place = 3 * (pixel / width / factor * self.width + pixel % width / factor)
            return self.pixels[place..<place + 3]
        }
        return RGBImage(width: width, height: height, pixels: pixels)
    }
}
