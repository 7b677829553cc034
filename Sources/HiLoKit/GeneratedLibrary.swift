import CodeGeneration
import FileIO
import Foundation
import Planning

/// A generated library in its folder.
public struct GeneratedLibrary: Sendable {
    public let folder: URL
    public let plan: Plan
    /// Whether vectors do what a tile unit would.
    public internal(set) var emulatesTiles = false

    public var name: String { plan.network.name }
    public var weightsFile: URL { folder.appending(path: Self.weightsPath(plan)) }
    public var buildFolder: URL {
        folder.appending(path: emulatesTiles ? "build/emulated-tiles" : "build")
    }
    public var staticLibrary: URL { buildFolder.appending(path: "lib\(name).a") }
    public var sharedLibrary: URL { buildFolder.appending(path: "lib\(name).so") }
    public var harness: URL { buildFolder.appending(path: "harness_\(name)") }

    /// Opens a folder that `generate` wrote.
    ///
    /// - Throws: `LibraryError` when it is not one, `PlanError` when its plan is damaged.
    public init(folder: URL) throws {
        let path = folder.appending(path: "plan.json")
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
            throw LibraryError.notALibrary(
                "\(folder.path): no such folder; expected one that 'hilo generate' wrote")
        }
        guard isFolder.boolValue, let json = try Self.contents(ofPlan: path.path) else {
            throw LibraryError.notALibrary(
                "\(folder.path): no plan.json in it; expected a folder that 'hilo generate' wrote")
        }
        self.folder = folder
        do {
            plan = try Plan(json: json)
        } catch {
            throw LibraryError.notALibrary("\(path.path): \(error)")
        }
    }

    /// More than any network's plan.
    private static let largestPlan = 64 << 20

    /// nil when there is none that can be read.
    private static func contents(ofPlan path: String) throws -> Data? {
        guard let file = try? InputFile(path: path) else { return nil }
        guard file.size <= largestPlan else {
            throw LibraryError.notALibrary(
                "\(path): has \(file.size) bytes; expected a plan, of at most \(largestPlan)")
        }
        return try? Data(file.read(file.size))
    }

    /// A folder that is known to hold the library of `plan`.
    package init(folder: URL, plan: Plan) {
        self.folder = folder
        self.plan = plan
    }

    static func weightsPath(_ plan: Plan) -> String {
        "weights/\(plan.network.name).safetensors"
    }
}

/// What is wrong with a library's folder or its results.
public enum LibraryError: Error, Sendable, CustomStringConvertible {
    /// Not a generated library, or a damaged one.
    case notALibrary(String)
    /// It must be built first.
    case notBuilt(String)
    /// It is for another architecture than this machine's.
    case otherArchitecture(String)
    /// The output folder cannot be written, or holds something else.
    case cannotWrite(String)
    /// Weights that do not belong to the library.
    case badWeights(String)
    /// The harness broke off; its exit code and what it said.
    case harness(code: Int32, String)

    public var description: String {
        switch self {
        // Some quote what a file says.
        case .notALibrary(let text), .notBuilt(let text), .otherArchitecture(let text),
            .cannotWrite(let text),
            .badWeights(let text):
            text.printable
        case .harness(_, let text): text
        }
    }
}
