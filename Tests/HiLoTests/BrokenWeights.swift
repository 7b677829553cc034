import HiLoKit
import TestFixtures
import Testing

/// A segmenter or detector with weights that are no numbers, infinite or huge, and pictures of odd
/// sizes: what comes out is a status, or results of which every value is a possible one.
struct BrokenWeights {
    let item: HeadNetworkCase
    let group: HeadGroup
    let fixture: Fixture<HeadCase>

    func check(_ farm: LibraryFarm) throws {
        let sound = try item.weights(fixture)
        try farm.with(group.id, group.plan, values: sound) { library in
            for frame in oddFrames { try expectResults(library, frame, "\(frame)") }
        }
        for (what, values) in broken(sound) {
            try farm.with(group.id, group.plan, values: values) { library in
                try expectResults(
                    library, .init(content: item.content, original: item.original), what)
            }
        }
    }

    private var oddFrames: [LoadedLibrary.Frame] {
        let (height, width) = (item.input[0], item.input[1])
        return [
            .init(content: [1, 1], original: [1, 1]),
            .init(content: [1, width], original: [3, 2000]),
            .init(content: [height, 1], original: [2000, 1]),
            .init(content: [height, width], original: [1, 1]),
        ]
    }

    private func broken(
        _ sound: [String: [Float]]
    ) -> [(what: String, values: [String: [Float]])] {
        func changed(
            _ isChanged: (String) -> Bool, _ change: (Int, Float) -> Float
        ) -> [String: [Float]] {
            var values = sound
            for name in sound.keys where isChanged(name) {
                values[name] = sound[name]?.enumerated().map { change($0.offset, $0.element) }
            }
            return values
        }
        let last = item.scales.map(\.name)
        let biases = Set(last.map { $0.replacing(".weight", with: ".bias") })
        return [
            ("all NaN", changed({ _ in true }) { _, _ in .nan }),
            (
                "NaN in the backbone",
                changed({ $0 == "backbone.patch_embed.proj.bias" }) { _, _ in .nan }
            ),
            ("some biases NaN", changed(biases.contains) { $0 % 2 == 0 ? .nan : $1 }),
            ("some biases infinite", changed(biases.contains) { $0 % 3 == 0 ? .infinity : -$1 }),
            ("huge weights", changed(last.contains) { 1e30 * $1 }),
        ] + last.map { name in ("\(name) NaN", changed({ $0 == name }) { _, _ in .nan }) }
    }

    // MARK: Results

    private func expectResults(
        _ library: LoadedLibrary, _ frame: LoadedLibrary.Frame, _ what: String
    ) throws {
        let name = "\(group.id), \(item.id), \(what)"
        let images = item.images()
        do {
            if item.task == .segment {
                let maps = try library.segment(images, frame, threads: 2, at: item.resolution)
                let classes = Int32(item.classes)
                let areLabels = maps.allSatisfy { $0.allSatisfy { (0..<classes).contains($0) } }
                #expect(areLabels, "\(name)")
            } else {
                let found = try library.detect(images, frame, threads: 2, at: item.resolution)
                for image in found { expect(image, frame, name) }
            }
        } catch let error as LoadedLibrary.Failure {
            // A status.
            print("\(name): \(error)")
        }
    }

    private func expect(
        _ found: LoadedLibrary.Found, _ frame: LoadedLibrary.Frame, _ name: String
    ) {
        // The way from the input and back rounds twice.
        let (right, bottom) = (
            Float(frame.originalWidth) * 1.00001, Float(frame.originalHeight) * 1.00001
        )
        for detection in found.detections {
            let isPossible =
                0 <= detection.x0 && detection.x0 <= detection.x1 && detection.x1 <= right
                && 0 <= detection.y0 && detection.y0 <= detection.y1 && detection.y1 <= bottom
                && detection.score > 0.05 && detection.score <= 1
                && (0..<Int32(item.classes)).contains(detection.label)
            #expect(isPossible, "\(name): \(detection)")
        }
        #expect(found.masks.allSatisfy { $0.allSatisfy { $0 <= 1 } }, "\(name)")
    }
}
