import ArrayFiles
import FeaturePictures
import Foundation
import ImageFiles

/// The folder that gets the maps of a backbone, and pictures of them.
struct FeatureFolder {
    /// What the network computed at a stage: N×C×H×W.
    typealias Stage = (name: String, maps: NPYArray)

    let url: URL

    /// Writes `NAME.npy` for each stage and, if wanted, `NAME.png`, or `NAME_0.png`, `NAME_1.png`, …
    /// of several images. Each file is replaced in one step; others in the folder stay.
    ///
    /// - Throws: `OutputError`, `ImageFileError` when the folder cannot be made or written.
    func write(_ stages: [Stage], pictures: Bool) throws {
        try create()
        for (name, maps) in stages {
            do {
                try maps.write(to: file("\(name).npy"))
            } catch let error as NPYError {
                throw OutputError("\(error)")
            }
            if pictures { try writePictures(of: maps, named: name) }
        }
    }

    private func create() throws {
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw OutputError(
                "\(url.path): the folder cannot be created: "
                    + (error as NSError).localizedDescription)
        }
    }

    private func writePictures(of maps: NPYArray, named name: String) throws {
        let count = maps.shape[0]
        for image in 0..<count {
            let suffix = count > 1 ? "_\(image)" : ""
            try FeaturePicture(of: FeatureMap(maps, image: image)).image
                .write(to: file("\(name)\(suffix).png"))
        }
    }

    private func file(_ name: String) -> String { url.appending(path: name).path }
}

extension FeatureMap {
    /// One image of N×C×H×W.
    fileprivate init(_ maps: NPYArray, image: Int) {
        let size = maps.shape[1...].reduce(1, *)
        self.init(
            channels: maps.shape[1], height: maps.shape[2], width: maps.shape[3],
            values: Array(maps.values[image * size..<(image + 1) * size]))
    }
}
