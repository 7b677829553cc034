import Foundation
import Planning

/// Writes the C of a plan. The result depends on plan and templates alone: no date, host or path.
public struct Generator: Sendable {
    private let plan: Plan

    /// - Parameter plan: from the planner, or `validated()` when it comes from a file.
    public init(_ plan: Plan) { self.plan = plan }

    /// All files of the library but the weights, sorted by path.
    public func files() -> [GeneratedFile] { files(observer: nil) }

    /// The same, with a look at what each template is filled with, for tests.
    package func files(observer: Renderer.Observer?) -> [GeneratedFile] {
        let renderer = Renderer(observer: observer)
        let sources = LibrarySource(plan, renderer).files() + HarnessSource(plan, renderer).files()
        let build = BuildFiles(plan, renderer).files(for: sources)
        return (sources + build + [planFile]).sorted { $0.path < $1.path }
    }

    private var planFile: GeneratedFile {
        GeneratedFile(path: "plan.json", contents: plan.json)
    }
}

extension Plan {
    /// The plan as text, with stable key order.
    public var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else {
            preconditionFailure("a checked plan holds only finite numbers, so it can be encoded")
        }
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    /// Reads and checks a plan.
    ///
    /// - Throws: `PlanError` when the text is not a plan of this version.
    public init(json: Data) throws {
        do {
            self = try JSONDecoder().decode(Plan.self, from: json).validated()
        } catch let error as PlanError {
            throw error
        } catch {
            throw PlanError("not a plan: \(Self.explain(error))")
        }
    }

    private static func explain(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        switch error {
        case .keyNotFound(let key, let context):
            return "\(path(context)) has no '\(key.stringValue)'"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "\(path(context)): \(context.debugDescription)"
        case .dataCorrupted(let context): return context.debugDescription
        @unknown default: return "\(error)"
        }
    }

    private static func path(_ context: DecodingError.Context) -> String {
        context.codingPath.isEmpty
            ? "it" : context.codingPath.map(\.stringValue).joined(separator: ".")
    }
}
