import Foundation
import HiLoKit

/// Results of detectors and segmenters, through the C API.
extension LoadedLibrary {
    /// As C has it.
    struct Frame {
        var height, width, originalHeight, originalWidth: Int32

        init(content: [Int], original: [Int]) {
            (height, width) = (Int32(content[0]), Int32(content[1]))
            (originalHeight, originalWidth) = (Int32(original[0]), Int32(original[1]))
        }
    }

    /// As C has it.
    struct Detection: Equatable {
        var x0: Float = 0
        var y0: Float = 0
        var x1: Float = 0
        var y1: Float = 0
        var score: Float = 0
        var label: Int32 = -1

        var box: [Float] { [x0, y0, x1, y1] }
    }

    /// What was found in an image.
    struct Found: Equatable {
        var detections: [Detection]
        /// Bitmaps, of a network that has them.
        var masks: [[UInt8]]
    }

    private typealias Detect =
        @convention(c) (
            OpaquePointer, UnsafePointer<Float>, Int32, UnsafeRawPointer, UnsafeMutableRawPointer,
            Int32, UnsafeMutablePointer<Int32>
        ) -> Int32
    private typealias Masks =
        @convention(c) (OpaquePointer, Int32, Int32, Int32, UnsafeMutablePointer<UInt8>) -> Int32
    private typealias Segment =
        @convention(c) (
            OpaquePointer, UnsafePointer<Float>, Int32, UnsafeRawPointer,
            UnsafePointer<UnsafeMutablePointer<Int32>?>
        ) -> Int32

    /// Detections and masks of images with one frame.
    func detect(
        _ images: [[Float]], _ frame: Frame, threads: Int, at resolution: Resolution? = nil
    ) throws -> [Found] {
        let detect = try Self.symbol(handle, "\(name)_detect_input", as: Detect.self)
        let capacity = 100
        return try withContext(batch: images.count, threads: threads, at: resolution) { context in
            var counts = [Int32](repeating: -1, count: images.count)
            var rows = [Detection](repeating: Detection(), count: capacity * images.count)
            let status = detect(
                context, images.flatMap { $0 }, Int32(images.count),
                images.map { _ in frame }, &rows, Int32(capacity), &counts)
            guard status == 0 else { throw Failure(description: "detect_input: \(status)") }
            return try counts.enumerated().map { image, count in
                let detections = Array(rows[image * capacity..<image * capacity + Int(count)])
                return Found(
                    detections: detections,
                    masks: try masks(context, image, count: Int(count), frame))
            }
        }
    }

    private func masks(
        _ context: OpaquePointer, _ image: Int, count: Int, _ frame: Frame
    ) throws -> [[UInt8]] {
        guard network.outputs.contains(where: { $0.kind == .maskLogits }) else { return [] }
        let masks = try Self.symbol(handle, "\(name)_masks", as: Masks.self)
        let size = Int(frame.originalHeight) * Int(frame.originalWidth)
        return try (0..<count).map { index in
            var bitmap = [UInt8](repeating: 255, count: size)
            let status = masks(context, Int32(image), Int32(index), 1, &bitmap)
            guard status == 0 else { throw Failure(description: "masks: \(status)") }
            return bitmap
        }
    }

    /// The class of each pixel of each image.
    func segment(
        _ images: [[Float]], _ frame: Frame, threads: Int, at resolution: Resolution? = nil
    ) throws -> [[Int32]] {
        let segment = try Self.symbol(handle, "\(name)_segment_input", as: Segment.self)
        let size = Int(frame.originalHeight) * Int(frame.originalWidth)
        let labels = images.map { _ in UnsafeMutablePointer<Int32>.allocate(capacity: size) }
        defer { for map in labels { map.deallocate() } }
        for map in labels { map.initialize(repeating: -1, count: size) }
        try withContext(batch: images.count, threads: threads, at: resolution) { context in
            let status = segment(
                context, images.flatMap { $0 }, Int32(images.count),
                images.map { _ in frame }, labels.map { $0 })
            guard status == 0 else { throw Failure(description: "segment_input: \(status)") }
        }
        return labels.map { Array(UnsafeBufferPointer(start: $0, count: size)) }
    }
}
