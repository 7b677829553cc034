import Foundation
import HiLoKit
import TestFixtures

/// Kernels on their own, and what Tests/Programs/steps.c shows of the headers that they include.
final class StepLibrary {
    /// As `image_frame` of kernel.h.
    struct Frame {
        var sizes: LoadedLibrary.Frame
        var labels: UnsafeMutablePointer<Int32>?

        init(
            content: [Int], original: [Int], labels: UnsafeMutablePointer<Int32>? = nil
        ) {
            sizes = .init(content: content, original: original)
            self.labels = labels
        }
    }

    private typealias Run =
        @convention(c) (
            UnsafeMutableRawPointer, UnsafePointer<UnsafePointer<Float>?>,
            UnsafePointer<Float>?, UnsafeMutablePointer<Float>, UnsafeMutableRawPointer,
            UnsafeRawPointer?
        ) -> Void
    private typealias Decode =
        @convention(c) (
            UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>, Int32, Int32, Int32,
            UnsafeMutablePointer<Float>
        ) -> Void
    private typealias Suppress =
        @convention(c) (
            UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Int32>, Int32, Float, Int32,
            UnsafeMutablePointer<Int32>
        ) -> Int32
    private typealias Paste =
        @convention(c) (
            UnsafePointer<Float>, UnsafePointer<Float>, Int32, Int32, UnsafeMutablePointer<UInt8>
        ) -> Int

    private static let isa = ISA.generic
    private static let flags = [
        "-std=gnu11", "-O1", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", "-Wno-psabi",
        "-Wno-unused-function", "-fPIC", "-shared",
    ]
    private let handle: UnsafeMutableRawPointer

    /// Compiles the kernels into `folder`.
    ///
    /// - Parameter network: any that has masks; it is called `net`.
    init(_ kernels: [Kernel], of network: Network, in folder: URL) async throws {
        let sources =
            try Self.write(kernels, and: ["src/results.c"], of: network, to: folder)
            + [projectFolder.appending(path: "Tests/Programs/steps.c")]
        let library = folder.appending(path: "libsteps.so").path
        let compiler = try await Compiler.hasty()
        let output = try await Program.run(
            compiler.path,
            arguments: Self.flags + ["-I", folder.path] + sources.map(\.path)
                + ["-lm", "-o", library], timeout: TestScope.patience)
        guard output.succeeded else { throw LoadedLibrary.Failure(description: output.stderr) }
        guard let handle = dlopen(library, RTLD_NOW | RTLD_LOCAL) else {
            throw LoadedLibrary.Failure(description: String(cString: dlerror()))
        }
        self.handle = handle
    }

    deinit { dlclose(handle) }

    /// The C function of a kernel.
    static func function(_ kernel: Kernel) -> String {
        kernel.functionName(model: "net", isa: isa)
    }

    /// Writes the C of kernels and other files of a network's library, and all headers, into one
    /// folder.
    ///
    /// - Returns: what must be compiled.
    static func write(
        _ kernels: [Kernel], and others: [String] = [], of network: Network, to folder: URL
    ) throws -> [URL] {
        var plan = try Planner(network, Target(isa: isa)).plan()
        plan.variants[0].kernels += kernels.filter { !plan.variants[0].kernels.contains($0) }
        let wanted = Set(kernels.map { "src/kernels/generic/\(function($0)).c" } + others)
        return try Generator(plan).files().compactMap { file in
            guard file.path.hasSuffix(".h") || wanted.contains(file.path) else { return nil }
            let name = file.path.split(separator: "/").last.map(String.init) ?? file.path
            let place = folder.appending(path: name)
            try Data(file.contents.utf8).write(to: place)
            return name.hasSuffix(".c") ? place : nil
        }
    }

    /// The kernel that the planner takes for a spec.
    static func kernel<Family: KernelFamily>(
        _ family: Family.Type, _ spec: Family.Spec
    ) -> Kernel {
        let setting = Setting(machine: MachineModel(isa: isa), batch: 1, maxBatch: 1)
        guard let kernel = Computation(family, spec).best(setting) else {
            preconditionFailure("\(Family.id): other kernels are better")
        }
        return kernel
    }

    /// The output of one image.
    ///
    /// - Parameter weights: packed, of a kernel that has some.
    func run(
        _ kernel: Kernel, _ inputs: [[Float]], weights: [Float] = [], frame: Frame? = nil
    ) throws -> [Float] {
        let run = try LoadedLibrary.symbol(handle, "run_kernel", as: Run.self)
        guard let function = dlsym(handle, Self.function(kernel)) else {
            throw LoadedLibrary.Failure(description: "no \(Self.function(kernel))")
        }
        let operands = kernel.operands
        for (input, operand) in zip(inputs, operands.inputs) {
            guard input.count == operand.rows * operand.width else {
                throw LoadedLibrary.Failure(description: "\(input.count) values for \(operand)")
            }
        }
        let size = operands.outputs[0].rows * operands.outputs[0].width
        var output = [Float](repeating: .nan, count: size)
        let scratch = UnsafeMutableRawPointer.allocate(
            byteCount: kernel.scratch(on: Self.isa) + 64, alignment: 64)
        defer { scratch.deallocate() }
        let copies = inputs.map { input in
            let copy = UnsafeMutablePointer<Float>.allocate(capacity: max(1, input.count))
            copy.initialize(from: input, count: input.count)
            return copy
        }
        defer { for copy in copies { copy.deallocate() } }
        var pointers = copies.map { Optional(UnsafePointer($0)) }
        pointers += [UnsafePointer<Float>?](repeating: nil, count: 4 - pointers.count)
        if var frame {
            run(function, pointers, weights, &output, scratch, &frame)
        } else {
            run(function, pointers, weights, &output, scratch, nil)
        }
        return output
    }

    func decode(
        _ boxes: [Float], _ deltas: [Float], deviations: [Float], content: [Int]
    ) throws -> [Float] {
        let decode = try LoadedLibrary.symbol(handle, "decode_boxes", as: Decode.self)
        var output = [Float](repeating: .nan, count: boxes.count)
        decode(
            boxes, deltas, deviations, Int32(boxes.count / 4), Int32(content[0]),
            Int32(content[1]), &output)
        return output
    }

    func suppress(
        _ boxes: [Float], _ scores: [Float], groups: [Int], overlap: Float, most: Int
    ) throws -> [Int] {
        let suppress = try LoadedLibrary.symbol(handle, "suppress_boxes", as: Suppress.self)
        var kept = [Int32](repeating: -1, count: max(1, scores.count))
        let count = suppress(
            boxes, scores, groups.map { Int32($0) }, Int32(scores.count), overlap, Int32(most),
            &kept)
        return kept.prefix(Int(count)).map { Int($0) }
    }

    func paste(_ logits: [Float], box: [Float], height: Int, width: Int) throws -> [UInt8] {
        let paste = try LoadedLibrary.symbol(handle, "net_paste_mask", as: Paste.self)
        var bitmap = [UInt8](repeating: 255, count: height * width)
        _ = paste(logits, box, Int32(height), Int32(width), &bitmap)
        return bitmap
    }
}
