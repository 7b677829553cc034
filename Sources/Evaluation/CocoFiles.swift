import FileIO
import Foundation

extension CocoDataset: Decodable {
    private enum CodingKeys: String, CodingKey {
        case images, annotations, categories
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            images: values.decode([Image].self, forKey: .images),
            annotations: values.decode([Annotation].self, forKey: .annotations),
            categories: values.decode([Category].self, forKey: .categories))
    }

    /// - Throws: `FileError` or `EvaluationError`.
    public init(contentsOf path: String) throws {
        self = try decoded(from: path)
    }
}

extension CocoDataset.Annotation {
    private enum CodingKeys: String, CodingKey {
        case id, area, segmentation, iscrowd
        case imageID = "image_id"
        case categoryID = "category_id"
        case box = "bbox"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        id = try values.decode(Int.self, forKey: .id)
        imageID = try values.decode(Int.self, forKey: .imageID)
        categoryID = try values.decode(Int.self, forKey: .categoryID)
        box = try values.decodeBox(forKey: .box)
        area = try values.decode(Double.self, forKey: .area)
        isCrowd = try values.decodeIfPresent(Int.self, forKey: .iscrowd) ?? 0 != 0
        segmentation = try values.decodeIfPresent(CocoSegmentation.self, forKey: .segmentation)
    }
}

extension CocoDetection: Codable {
    private enum CodingKeys: String, CodingKey {
        case score, segmentation
        case imageID = "image_id"
        case categoryID = "category_id"
        case box = "bbox"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        imageID = try values.decode(Int.self, forKey: .imageID)
        categoryID = try values.decode(Int.self, forKey: .categoryID)
        score = try values.decode(Double.self, forKey: .score)
        box = try values.contains(.box) ? values.decodeBox(forKey: .box) : nil
        segmentation = try values.decodeIfPresent(CocoSegmentation.self, forKey: .segmentation)
        guard box != nil || segmentation != nil else {
            throw DecodingError.keyNotFound(
                CodingKeys.box,
                .init(codingPath: values.codingPath, debugDescription: "nor a segmentation"))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(imageID, forKey: .imageID)
        try values.encode(categoryID, forKey: .categoryID)
        try values.encode(score, forKey: .score)
        try values.encodeIfPresent(box, forKey: .box)
        try values.encodeIfPresent(segmentation, forKey: .segmentation)
    }

    /// A list of detections.
    ///
    /// - Throws: `FileError` or `EvaluationError`.
    public static func list(contentsOf path: String) throws -> [CocoDetection] {
        try decoded(from: path)
    }
}

extension CocoSegmentation: Codable {
    private enum CodingKeys: String, CodingKey {
        case size, counts
    }

    public init(from decoder: any Decoder) throws {
        guard let values = try? decoder.container(keyedBy: CodingKeys.self) else {
            self = .polygons(try decoder.singleValueContainer().decode([[Double]].self))
            return
        }
        let size = try values.decode([Int].self, forKey: .size)
        guard size.count == 2 else {
            throw DecodingError.dataCorruptedError(
                forKey: .size, in: values, debugDescription: "expected height and width")
        }
        if let text = try? values.decode(String.self, forKey: .counts) {
            self = .compressed(height: size[0], width: size[1], text)
        } else {
            let counts = try values.decode([Int].self, forKey: .counts)
            self = .counts(height: size[0], width: size[1], counts)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        func encode(_ height: Int, _ width: Int, _ counts: some Encodable) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode([height, width], forKey: .size)
            try values.encode(counts, forKey: .counts)
        }
        switch self {
        case .polygons(let polygons):
            var value = encoder.singleValueContainer()
            try value.encode(polygons)
        case .counts(let height, let width, let counts): try encode(height, width, counts)
        case .compressed(let height, let width, let text): try encode(height, width, text)
        }
    }
}

extension KeyedDecodingContainer {
    fileprivate func decodeBox(forKey key: Key) throws -> [Double] {
        let box = try decode([Double].self, forKey: key)
        guard box.count == 4 else {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: self,
                debugDescription: "\(box.count) numbers; expected x, y, width, height")
        }
        return box
    }
}

/// The value that a JSON file holds.
private func decoded<Value: Decodable>(from path: String) throws -> Value {
    let file = try InputFile(path: path)
    let bytes = try file.read(file.size)
    do {
        return try JSONDecoder().decode(Value.self, from: Data(bytes))
    } catch let error as EvaluationError {
        throw EvaluationError("\(path): \(error)")
    } catch let error as DecodingError {
        throw EvaluationError("\(path): \(error.clause)")
    }
}

extension DecodingError {
    /// What is wrong and where, as in `annotations[3].area is missing`.
    fileprivate var clause: String {
        func place(_ path: [any CodingKey]) -> String {
            path.reduce("") { place, key in
                if let index = key.intValue { return "\(place)[\(index)]" }
                return place.isEmpty ? key.stringValue : "\(place).\(key.stringValue)"
            }
        }
        switch self {
        case .keyNotFound(let key, let context):
            return "\(place(context.codingPath + [key])) is missing"
        case .valueNotFound(_, let context):
            return "\(place(context.codingPath)) is null"
        case .typeMismatch(let type, let context):
            let place = place(context.codingPath)
            return "\(place.isEmpty ? "" : "\(place) ")is no \(Self.word(for: type))"
        case .dataCorrupted(let context):
            let place = place(context.codingPath)
            return "\(place.isEmpty ? "no JSON text" : place): \(context.debugDescription)"
        @unknown default:
            return "\(self)"
        }
    }

    private static func word(for type: Any.Type) -> String {
        switch type {
        case is Int.Type: "whole number"
        case is Double.Type: "number"
        case is String.Type: "text"
        default: "\(type)".hasPrefix("Array") || "\(type)".hasPrefix("[") ? "list" : "object"
        }
    }
}
