import FileIO
import Foundation

/// What a COCO annotation file calls images and classes.
struct Annotations {
    let path: String
    private let images: [Image]
    private let categories: [Category]

    private struct Image: Decodable {
        let id: Int
        let fileName: String
    }

    private struct Category: Decodable {
        let id: Int
        let name: String
    }

    private struct File: Decodable {
        let images: [Image]
        let categories: [Category]
    }

    /// - Throws: `FileError`; `InputError` when the file is none of that form.
    init(_ path: String) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let data = try readInput(path, limit: 1 << 30)
        guard let file = try? decoder.decode(File.self, from: data) else {
            throw InputError(
                "\(path): is no COCO annotation file: it needs images with id and file_name, and "
                    + "categories with id and name")
        }
        self.path = path
        (images, categories) = (file.images, file.categories)
    }

    /// The id of an image, by the name of its file, or by that without its ending.
    ///
    /// - Throws: `InputError` when the file has no such image, or several.
    func imageID(of input: String) throws -> Int {
        let name = URL(fileURLWithPath: input).lastPathComponent
        let whole = images.filter { Self.last($0.fileName) == name }
        let found =
            whole.isEmpty ? images.filter { Self.stem($0.fileName) == Self.stem(name) } : whole
        guard found.count == 1 else {
            throw InputError(
                "\(path): has \(found.isEmpty ? "no image" : "\(found.count) images") whose "
                    + "file_name is \(name)")
        }
        return found[0].id
    }

    private static func last(_ path: String) -> String {
        URL(fileURLWithPath: path).lastPathComponent
    }

    private static func stem(_ path: String) -> String {
        URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    }

    /// The id of each class: by name where all names are there, else by order.
    ///
    /// - Parameter names: of the classes, in their order; none where they are not known.
    /// - Throws: `InputError` when there are other categories than classes.
    func categoryIDs(classes: Int, names: [String]) throws -> [Int] {
        let byName = Dictionary(categories.map { ($0.name, $0.id) }) { first, _ in first }
        let named = names.compactMap { byName[$0] }
        if !names.isEmpty, named.count == classes { return named }
        guard categories.count == classes else {
            throw InputError(
                "\(path): has \(categories.count) categories, and the library \(classes) classes; "
                    + "give --labels FILE with the file's name of each class")
        }
        return categories.map(\.id)
    }

    /// Names of the classes, where they are numbered in the file's order.
    func names(classes: Int) -> [String] {
        categories.count == classes ? categories.map(\.name) : []
    }
}
