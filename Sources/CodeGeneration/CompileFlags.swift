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

    /// Whether a generated file is compiled with the instructions of the target.
    public static func usesInstructions(_ path: String) -> Bool {
        path.hasPrefix("src/kernels/") || path == "harness/peak.c"
    }
}
