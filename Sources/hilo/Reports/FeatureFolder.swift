import ArrayFiles
import FeaturePictures
import Foundation
import HiLoKit
import ImageFiles

/// The folder that gets the maps of a backbone, and pictures of them.
struct FeatureFolder {
    /// What the network computed at a stage: N×C×H×W, or N×H×W×C.
    typealias Stage = (name: String, maps: NPYArray)

    let url: URL
    let layout: FeatureLayout

    /// Writes `NAME.npy` for each stage and, if wanted, `NAME.png`, or `NAME_0.png`, `NAME_1.png`, …
    /// of several images. Each file is replaced in one step; others in the folder stay.
    ///
    /// - Throws: `OutputError`, `ImageFileError` when the folder cannot be made or written.
    func write(_ stages: [Stage], pictures: Bool) throws {
        try makeFolder(url)
        for (name, maps) in stages {
            do {
                try maps.write(to: file("\(name).npy"))
            } catch let error as NPYError {
                throw OutputError("\(error)")
            }
            if pictures { try writePictures(of: maps, named: name) }
        }
    }

    private func writePictures(of maps: NPYArray, named name: String) throws {
        let count = maps.shape[0]
        for image in 0..<count {
            let suffix = count > 1 ? "_\(image)" : ""
            try FeaturePicture(of: FeatureMap(maps, image: image, layout)).image
                .write(to: file("\(name)\(suffix).png"))
        }
    }

    private func file(_ name: String) -> String { url.appending(path: name).path }
}

extension FeatureMap {
    /// One image of N×C×H×W, or N×H×W×C.
    fileprivate init(_ maps: NPYArray, image: Int, _ layout: FeatureLayout) {
        let shape = Array(maps.shape[1...])
        let size = shape.reduce(1, *)
        let values = Array(maps.values[image * size..<(image + 1) * size])
        switch layout {
        case .planes:
            self.init(channels: shape[0], height: shape[1], width: shape[2], values: values)
        case .tokens:
            let (channels, count) = (shape[2], shape[0] * shape[1])
            self.init(
                channels: channels, height: shape[0], width: shape[1],
                values: (0..<size).map { values[$0 % count * channels + $0 / count] })
        }
    }
}
