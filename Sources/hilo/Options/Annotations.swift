import Evaluation
import FileIO
import Foundation

/// What a COCO annotation file calls images and classes.
struct Annotations {
    let path: String
    /// Ids of images by the names of their files, and by those without their endings.
    private let idsByName, idsByStem: [String: [Int]]
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
        self.init(path, file)
    }

    /// - Parameter dataset: what was read from the file already.
    init(_ path: String, _ dataset: CocoDataset) {
        self.init(
            path,
            File(
                images: dataset.images.map { Image(id: $0.id, fileName: $0.fileName) },
                categories: dataset.categories.map { Category(id: $0.id, name: $0.name) }))
    }

    private init(_ path: String, _ file: File) {
        self.path = path
        categories = file.categories
        idsByName = Dictionary(grouping: file.images, by: \.fileName.fileName)
            .mapValues { $0.map(\.id) }
        idsByStem = Dictionary(grouping: file.images, by: \.fileName.fileStem)
            .mapValues { $0.map(\.id) }
    }

    /// The id of an image, by the name of its file, or by that without its ending.
    ///
    /// - Throws: `InputError` when the file has no such image, or several.
    func imageID(of input: String) throws -> Int {
        let name = input.fileName
        let found = idsByName[name] ?? idsByStem[name.fileStem] ?? []
        guard found.count == 1 else {
            throw InputError(
                "\(path): has \(found.isEmpty ? "no image" : "\(found.count) images") whose "
                    + "file_name is \(name)")
        }
        return found[0]
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
