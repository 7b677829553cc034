import Foundation
import HiLoKit

/// What a step reads and writes, of one image.
struct ObservedStep {
    /// In the pass.
    let index: Int
    /// Whether it has run.
    let isDone: Bool
    let inputs: UnsafePointer<UnsafeRawPointer?>
    let outputs: UnsafePointer<UnsafeMutableRawPointer?>
}

extension LoadedLibrary {
    /// A part of a library whose network is called `net`.
    static let observer = projectFolder.appending(path: "Tests/Programs/observe.c")

    private typealias Observer =
        @convention(c) (
            UnsafeMutableRawPointer?, Int32, Int32, UnsafePointer<UnsafeRawPointer?>,
            UnsafePointer<UnsafeMutableRawPointer?>
        ) -> Void
    private typealias Observe =
        @convention(c) (
            OpaquePointer, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Observer,
            UnsafeMutableRawPointer?
        ) -> Int32

    private final class Visitor {
        let visit: (ObservedStep) -> Void
        init(_ visit: @escaping (ObservedStep) -> Void) { self.visit = visit }
    }

    /// Runs an image on one thread.
    ///
    /// - Parameter visit: told before and after each step; what it changes in an output, later steps read.
    /// - Returns: each output.
    func observe(
        _ image: [Float], _ visit: @escaping (ObservedStep) -> Void
    ) throws -> [[Float]] {
        let observe = try Self.symbol(handle, "\(name)_observe", as: Observe.self)
        let counts = network.outputShapes.map { $0.reduce(1, *) }
        var output = [Float](repeating: .nan, count: counts.reduce(0, +))
        let visitor = Visitor(visit)
        try withContext(batch: 1, threads: 1, at: nil) { context in
            let status = observe(
                context, image, &output,
                { user, index, isDone, inputs, outputs in
                    guard let user else { return }
                    Unmanaged<Visitor>.fromOpaque(user).takeUnretainedValue().visit(
                        ObservedStep(
                            index: Int(index), isDone: isDone != 0, inputs: inputs,
                            outputs: outputs))
                }, Unmanaged.passUnretained(visitor).toOpaque())
            guard status == 0 else { throw Failure(description: "run: \(status)") }
        }
        withExtendedLifetime(visitor) {}
        var rest = output[...]
        return counts.map { count in
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
    }
}
