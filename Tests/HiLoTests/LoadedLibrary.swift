import Foundation
import HiLoKit

/// A generated shared library in this process, through its C API.
final class LoadedLibrary {
    private let handle: UnsafeMutableRawPointer
    private let name: String
    private let model: OpaquePointer
    private let outputFloats: Int
    private let inputShape: [Int]

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
        inputShape = network.inputShape
        outputFloats = network.outputShape.reduce(1, *)
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

    /// Runs all images in one call.
    func run(_ images: [[Float]], threads: Int) throws -> [[Float]] {
        let create = try Self.symbol(handle, "\(name)_context_create", as: Create.self)
        let destroy = try Self.symbol(handle, "\(name)_context_destroy", as: Close.self)
        let run = try Self.symbol(handle, "\(name)_run", as: Run.self)
        var context: OpaquePointer?
        let options = [Int32(threads), Int32(images.count)]
        let created = create(model, options, &context)
        guard created == 0, let context else {
            throw Failure(description: "context_create: \(created)")
        }
        defer { destroy(context) }
        var output = [Float](repeating: .nan, count: images.count * outputFloats)
        let status = run(context, images.flatMap { $0 }, Int32(images.count), &output)
        guard status == 0 else { throw Failure(description: "run: \(status)") }
        return images.indices.map { Array(output[$0 * outputFloats..<($0 + 1) * outputFloats]) }
    }

    /// The network's input for an image, by the library's default recipe 0 (crop).
    func preprocess(_ rgb: [UInt8], width: Int, height: Int) throws -> [Float] {
        let preprocess = try Self.symbol(handle, "\(name)_preprocess", as: Preprocess.self)
        var input = [Float](repeating: .nan, count: inputShape.reduce(1, *))
        let status = preprocess(
            rgb, Int32(width), Int32(height), 3 * width, 0, Int32(inputShape[1]),
            Int32(inputShape[2]), &input)
        guard status == 0 else { throw Failure(description: "preprocess: \(status)") }
        return input
    }

    struct Failure: Error, CustomStringConvertible { let description: String }

    private static func symbol<Function>(
        _ handle: UnsafeMutableRawPointer, _ name: String, as type: Function.Type
    ) throws -> Function {
        guard let address = dlsym(handle, name) else {
            throw Failure(description: "no symbol \(name)")
        }
        return unsafeBitCast(address, to: type)
    }
}
