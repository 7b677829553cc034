import Foundation
import digits

// The module of the trained digits, as SwiftPackageTests builds it: `check INPUT OUTPUT`, files of floats. It writes
// what the network makes of the input, and says what is wrong.

@main
struct Check {
    static func main() async throws {
        let files = CommandLine.arguments.dropFirst().map { URL(fileURLWithPath: $0) }
        let input = try floats(of: files[0])
        let model = try Model(threads: 2)
        let output = try model.run(input)
        try output.withUnsafeBytes { try Data($0).write(to: files[1]) }
        try checkSpans(model, input, output)
        await checkThreads(model, input, output)
        checkPictures(model)
        checkErrors(model, input)
        print("all is well")
    }

    private static func floats(of file: URL) throws -> [Float] {
        let data = try Data(contentsOf: file)
        return [Float](unsafeUninitializedCapacity: data.count / 4) { buffer, count in
            count = data.copyBytes(to: buffer) / 4
        }
    }

    private static func require(_ good: Bool, _ what: String) {
        guard !good else { return }
        print("not so: \(what)")
        exit(1)
    }

    private static func checkSpans(_ model: Model, _ input: [Float], _ output: [Float]) throws {
        let count = model.sizes.inputCount
        var mine = [Float](repeating: 0, count: 10)
        let image = Array(input.prefix(count))
        #if compiler(>=6.2)
            var span = mine.mutableSpan
            try model.run(image.span, into: &span)
            require(mine == Array(output.prefix(10)), "spans give the same bits")
            var short = [Float](repeating: 0, count: 9)
            var error: ModelError?
            do throws(ModelError) {
                var span = short.mutableSpan
                try model.run(image.span, into: &span)
            } catch let caught {
                error = caught
            }
            require(error?.status == .badArgument, "an output has its size")
        #else
            mine = try model.run(image)
            require(mine == Array(output.prefix(10)), "an image gives the same bits")
        #endif
    }

    private static func checkThreads(_ model: Model, _ input: [Float], _ output: [Float]) async {
        let same = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask { (try? model.run(input)) == output }
            }
            return await group.reduce(true) { $0 && $1 }
        }
        require(same, "eight calls at once give the same bits")
    }

    private static func checkPictures(_ model: Model) {
        let (width, height) = (50, 30)
        let rgb = (0..<3 * width * height).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 90) }
        // The same with bytes between the rows.
        var wide: [UInt8] = []
        for row in 0..<height {
            wide += rgb[3 * width * row..<3 * width * (row + 1)]
            wide += [9, 9]
        }
        let found = try? model.classify(rgb: rgb, width: width, height: height, top: 100)
        require(found?.count == Model.classes, "there are no more candidates than classes")
        let sum = found?.reduce(0) { $0 + $1.probability } ?? 0
        require(abs(sum - 1) < 1e-9, "probabilities add up to one")
        require(found?.allSatisfy { model.labels[$0.index] == $0.label } == true, "they have names")
        require(model.labels[3] == "three", "the names are those that were given")
        let again = try? model.classify(
            rgb: wide, width: width, height: height, rowBytes: 3 * width + 2, top: 100)
        require(again == found, "rows may lie apart")
    }

    private static func checkErrors(_ model: Model, _ input: [Float]) {
        func error(_ body: () throws(ModelError) -> Void) -> ModelError? {
            do throws(ModelError) {
                try body()
                return nil
            } catch {
                return error
            }
        }
        let count = model.sizes.inputCount
        let sizes = error { () throws(ModelError) in _ = try model.run(Array(input.dropLast())) }
        require(
            sizes?.status == .badArgument && sizes?.description.contains("\(count)") == true,
            "an input has its size")
        let none = error { () throws(ModelError) in _ = try model.run([]) }
        require(none?.status == .badArgument, "no image is none")
        let missing = error { () throws(ModelError) in _ = try Model(weights: "/nonexistent") }
        require(
            missing?.status == .cannotRead
                && missing?.description.hasPrefix("/nonexistent: ") == true,
            "weights that are missing are named")
        let folder = error { () throws(ModelError) in _ = try Model(weights: "/") }
        require(folder?.status == .cannotRead, "a folder is no weights")
        let side = error { () throws(ModelError) in
            _ = try Model(sides: Sides(height: 5, width: 7))
        }
        require(
            side?.status == .otherResolution && side?.description.contains("64 x 64") == true,
            "other sizes are refused, and those that there are are told")
        let threads = error { () throws(ModelError) in _ = try Model(threads: -1) }
        require(threads?.status == .badArgument, "a number of threads is one")
        let short = error { () throws(ModelError) in
            _ = try model.classify(rgb: [1, 2, 3], width: 2, height: 1)
        }
        require(short?.status == .badArgument, "a picture has all its bytes")
        let top = error { () throws(ModelError) in
            _ = try model.classify(rgb: [1, 2, 3], width: 1, height: 1, top: 0)
        }
        require(top?.status == .badArgument, "somebody is the first")
    }
}
