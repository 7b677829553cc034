import CodeGeneration
import FileIO
import Foundation
import HiLoKit

/// A Swift package of a library: its C as it is, its weights and names of classes, and a module that
/// calls it. Nothing is built for it.
public struct SwiftPackage: Sendable {
    private let library: GeneratedLibrary
    private let labels: [String]
    private let module: SwiftModule

    /// - Parameter labels: one for each class, or none.
    /// - Throws: `PackagingError`.
    public init(of library: GeneratedLibrary, labels: [String] = []) throws {
        self.library = library
        self.labels = labels
        module = SwiftModule(library.plan)
        if let reason = SwiftNames.objection(to: library.name) {
            throw PackagingError.badName(
                "\(library.folder.path): the name '\(library.name)' \(reason); generate the library with "
                    + "another --name")
        }
        try library.checkInterface()
    }

    /// Writes the package into a folder `NAME-swift` of `folder`, which gets its name when it is complete. One
    /// that is there already is replaced, unless files of it were changed or added.
    ///
    /// - Parameters:
    ///   - folder: an existing one.
    ///   - isForced: whether it is replaced all the same.
    /// - Throws: `PackagingError`; `FileError` for files of the library.
    public func write(to folder: URL, isForced: Bool = false) throws -> PackageReport {
        let place = SwiftPackagePlace(folder.appending(path: module.folder))
        try place.check(isForced: isForced)
        let bytes = try place.replace { try write(into: $0) }
        return PackageReport(
            path: place.folder.path, platform: library.plan.target.architecture?.rawValue ?? "any",
            bytes: bytes, limit: nil)
    }

    /// - Returns: the size of all files.
    private func write(into folder: URL) throws -> Int {
        var bytes = 0
        let weights = "\(library.name).safetensors"
        let resources = [weights] + (labels.isEmpty ? [] : ["labels.txt"])
        for file in module.files(resources: resources) + module.sources(of: try sources()) {
            bytes += try add(file.path, Data(file.contents.utf8), to: folder)
        }
        if !labels.isEmpty {
            bytes += try add(
                "\(module.resourceFolder)/labels.txt",
                Data(labels.joined(separator: "\n").utf8), to: folder)
        }
        let place = folder.appending(path: "\(module.resourceFolder)/\(weights)")
        try makeParent(of: place)
        return bytes + (try copyAtomically(library.weightsFile, to: place))
    }

    /// The C of the library as it lies there, edited or not.
    private func sources() throws -> [GeneratedFile] {
        try Generator(library.plan).files().map(\.path).filter(SwiftModule.isC).map { path in
            let file = try InputFile(path: library.folder.appending(path: path).path)
            let data = Data(try file.read(file.size))
            return GeneratedFile(path: path, contents: String(decoding: data, as: UTF8.self))
        }
    }

    private func add(_ path: String, _ data: Data, to folder: URL) throws -> Int {
        let file = folder.appending(path: path)
        try makeParent(of: file)
        do {
            try writeFile(data, to: file.path)
        } catch let error as FileError {
            throw PackagingError.cannotWrite("\(error)")
        }
        return data.count
    }

    private func makeParent(of file: URL) throws {
        do {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        } catch {
            throw PackagingError.cannotWrite("\(file.path): \(error.localizedDescription)")
        }
    }
}
