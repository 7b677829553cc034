import Machines

/// Flags that generated C is compiled with, for `hilo build` and for CMake.
public enum CompileFlags {
    /// For every file. Contraction is off because the kernels say themselves where a multiply-add is
    /// fused; `errno` is not read, so that square roots are one instruction.
    public static let common = [
        "-O3", "-ffp-contract=off", "-fno-math-errno", "-Wall", "-Wextra",
    ]

    /// What CMake sets through target properties.
    public static let language = ["-std=gnu11", "-fPIC", "-fvisibility=hidden"]

    /// The instruction set that a generated file is compiled for; nil for files that run before the CPU
    /// was checked.
    public static func isa(ofFile path: String) -> ISA? {
        ISA.known.first { path.hasPrefix(kernelFolder($0)) || path == peakPath($0) }
    }

    /// Where the kernels of all instruction sets lie.
    package static let kernelFolder = "src/kernels/"

    private static func kernelFolder(_ isa: ISA) -> String { "\(kernelFolder)\(isa.name)/" }

    /// Where a file lies whose C function has this name.
    package static func kernelPath(_ function: String, _ isa: ISA) -> String {
        "\(kernelFolder(isa))\(function).c"
    }

    /// Where the loop lies that measures the peak.
    static func peakPath(_ isa: ISA) -> String { "harness/peak_\(isa.name).c" }

    /// Its flags.
    public static func instructions(ofFile path: String) -> [String] {
        isa(ofFile: path)?.compileFlags ?? []
    }
}
