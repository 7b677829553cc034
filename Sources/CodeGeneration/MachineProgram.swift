import Machines

/// The C of a program that measures what a core does, for `MachineModel`.
public enum MachineProgram {
    /// Its files; those that `CompileFlags.isa(ofFile:)` knows need the instruction set.
    public static func files(for isa: ISA) -> [GeneratedFile] { files(for: isa, observer: nil) }

    /// The same, with a look at what each template is filled with, for tests.
    package static func files(for isa: ISA, observer: Renderer.Observer?) -> [GeneratedFile] {
        struct Context {
            struct Variant { let isa: String }

            let isa: String
            let variants: [Variant]
        }
        let context = Context(isa: isa.name, variants: [.init(isa: isa.name)])
        let renderer = Renderer(observer: observer)
        return [
            renderer.file("src/element.h", "simd/element.h", context),
            renderer.file("src/simd.h", "simd/simd.h", context),
            renderer.file("src/\(isa.header)", isa.headerTemplate, context),
            renderer.file("harness/peak.h", "harness/peak.h", context),
            renderer.peakLoop(isa),
            renderer.file(
                CompileFlags.kernelPath("measure", isa), "machine/measure.c", context,
                including: isa.header),
        ]
    }
}
