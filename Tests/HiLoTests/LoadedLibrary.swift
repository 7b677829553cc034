import Foundation
import HiLoKit

/// A generated shared library in this process, through its C API.
final class LoadedLibrary {
    let handle: UnsafeMutableRawPointer
    let name: String
    let network: Network
    private let model: OpaquePointer

    private typealias Open =
        @convention(c) (UnsafePointer<CChar>, UnsafeMutablePointer<OpaquePointer?>) -> Int32
    private typealias Close = @convention(c) (OpaquePointer) -> Void
    private typealias Create =
        @convention(c) (OpaquePointer, UnsafePointer<Int32>, UnsafeMutablePointer<OpaquePointer?>)
        -> Int32
    private typealias Run =
        @convention(c) (OpaquePointer, UnsafePointer<Float>, Int32, UnsafeMutablePointer<Float>) ->
        Int32
    private typealias Preprocess =
        @convention(c) (
            UnsafePointer<UInt8>, Int32, Int32, Int, Int32, Int32, Int32,
            UnsafeMutablePointer<Float>
        ) -> Int32

    /// - Parameters:
    ///   - file: `libNAME.so`.
    ///   - weights: the packed weights.
    init(_ file: URL, _ network: Network, weights: URL) throws {
        guard let handle = dlopen(file.path, RTLD_NOW | RTLD_LOCAL) else {
            throw Failure(description: String(cString: dlerror()))
        }
        self.handle = handle
        name = network.name
        self.network = network
        var model: OpaquePointer?
        let open = try Self.symbol(handle, "\(network.name)_model_open", as: Open.self)
        let status = open(weights.path, &model)
        guard status == 0, let model else { throw Failure(description: "model_open: \(status)") }
        self.model = model
    }

    deinit {
        if let close = try? Self.symbol(handle, "\(name)_model_close", as: Close.self) {
            close(model)
        }
        dlclose(handle)
    }

    /// The instruction set whose kernels run.
    func isa() throws -> String {
        typealias Name = @convention(c) (OpaquePointer) -> UnsafePointer<CChar>
        return String(cString: try Self.symbol(handle, "\(name)_model_isa", as: Name.self)(model))
    }

    /// Runs all images in one call; the only output of each.
    func run(_ images: [[Float]], threads: Int) throws -> [[Float]] {
        let output = try outputs(images, threads: threads)[0]
        let count = output.count / images.count
        return images.indices.map { Array(output[$0 * count..<($0 + 1) * count]) }
    }

    /// Runs all images in one call; each output, of all images.
    ///
    /// - Parameters:
    ///   - resolution: nil leaves the choice to the library.
    ///   - resize: gives a context that resolution; nil makes it for that.
    func outputs(
        _ images: [[Float]], threads: Int, at resolution: Resolution? = nil,
        resize: ((OpaquePointer) throws -> Void)? = nil
    ) throws -> [[Float]] {
        let run = try Self.symbol(handle, "\(name)_run", as: Run.self)
        let shapes = try resolution.map { try network.at($0) }?.outputShapes ?? network.outputShapes
        let counts = shapes.map { images.count * $0.reduce(1, *) }
        var output = [Float](repeating: .nan, count: counts.reduce(0, +))
        let first = resize == nil ? resolution : nil
        try withContext(batch: images.count, threads: threads, at: first) { context in
            try resize?(context)
            let status = run(context, images.flatMap { $0 }, Int32(images.count), &output)
            guard status == 0 else { throw Failure(description: "run: \(status)") }
        }
        var start = 0
        return counts.map { count in
            defer { start += count }
            return Array(output[start..<start + count])
        }
    }

    /// A context for the duration of `body`.
    func withContext<Result>(
        batch: Int, threads: Int, at resolution: Resolution?,
        _ body: (OpaquePointer) throws -> Result
    ) throws -> Result {
        let create = try Self.symbol(handle, "\(name)_context_create", as: Create.self)
        let destroy = try Self.symbol(handle, "\(name)_context_destroy", as: Close.self)
        var context: OpaquePointer?
        let options = [threads, batch, resolution?.height ?? 0, resolution?.width ?? 0]
            .map { Int32($0) }
        let created = create(model, options, &context)
        guard created == 0, let context else {
            throw Failure(description: "context_create: \(created)")
        }
        defer { destroy(context) }
        return try body(context)
    }

    /// The network's input for an image, by the library's default recipe 0 (crop).
    func preprocess(_ rgb: [UInt8], width: Int, height: Int) throws -> [Float] {
        let preprocess = try Self.symbol(handle, "\(name)_preprocess", as: Preprocess.self)
        let shape = network.inputShape
        var input = [Float](repeating: .nan, count: shape.reduce(1, *))
        let status = preprocess(
            rgb, Int32(width), Int32(height), 3 * width, 0, Int32(shape[1]), Int32(shape[2]), &input
        )
        guard status == 0 else { throw Failure(description: "preprocess: \(status)") }
        return input
    }

    struct Failure: Error, CustomStringConvertible { let description: String }

    static func symbol<Function>(
        _ handle: UnsafeMutableRawPointer, _ name: String, as type: Function.Type
    ) throws -> Function {
        guard let address = dlsym(handle, name) else {
            throw Failure(description: "no symbol \(name)")
        }
        return unsafeBitCast(address, to: type)
    }
}
