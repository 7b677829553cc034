/// Names that a model must not have. Its name begins symbols, in capitals macros, and names a header,
/// libraries and CMake's package; what C, the system, CMake or the generated files have already would
/// be shadowed or defined twice. CMake's own targets are free (`all`, `install`, `test`), because no
/// target has the bare name.
///
/// Capitals do not count, because macros are in capitals and some file systems do not tell them apart.
/// NameTests compares the generated library's own names with the templates.
enum ReservedNames {
    /// Why a name is taken; nil when it is free.
    static func reason(_ name: String) -> String? {
        let word = name.lowercased()
        if word.hasPrefix("_") { return "reserved in C" }
        if word.hasSuffix("intrin") { return system }
        if word.hasPrefix("case_") || word.hasPrefix("simd_") { return own }
        return groups.first { $0.words.contains(word) }?.reason
    }

    private static let system = "a header of C or of the system has it"
    private static let own = "a file of the generated library has it"

    private static let groups: [(words: Set<String>, reason: String)] = [
        (keywords, "reserved in C"), (cxx, "reserved in C++"),
        (macros, "macros of C begin with it"), (headers, system),
        (libraries, "a library of the system has it"), (ownHeaders, own),
        (ownSymbols, "symbols of the generated library begin with it"), (cmake, "CMake has it"),
    ]

    /// Of C11 and C23, and those of GNU C without underscores.
    private static let keywords: Set<String> = [
        "alignas", "alignof", "asm", "auto", "bool", "break", "case", "char", "const", "constexpr",
        "continue", "default", "do", "double", "else", "enum", "extern", "false", "float", "for",
        "goto", "if", "inline", "int", "long", "nullptr", "register", "restrict", "return", "short",
        "signed", "sizeof", "static", "static_assert", "struct", "switch", "thread_local", "true",
        "typedef", "typeof", "typeof_unqual", "union", "unsigned", "void", "volatile", "while",
    ]

    /// Of C++ up to 23 beyond those of C, and macros of GNU C++: the namespace of C++ has the bare name.
    private static let cxx: Set<String> = [
        "and", "and_eq", "bitand", "bitor", "catch", "char16_t", "char32_t", "char8_t", "class",
        "co_await", "co_return", "co_yield", "compl", "concept", "consteval", "constinit",
        "const_cast", "decltype", "delete", "dynamic_cast", "explicit", "export", "friend",
        "mutable", "namespace", "new", "noexcept", "not", "not_eq", "operator", "or", "or_eq",
        "private", "protected", "public", "reinterpret_cast", "requires", "static_cast",
        "template", "this", "throw", "try", "typeid", "typename", "using", "virtual", "wchar_t",
        "xor", "xor_eq",
        "linux", "unix",
    ]

    /// `SIZE_WIDTH` of <stdint.h> and <limits.h> and its like, and `F_OK` of <unistd.h> and its.
    private static let macros: Set<String> = [
        "schar", "uchar", "shrt", "ushrt", "uint", "ulong", "llong", "ullong", "int8", "int16",
        "int32", "int64", "uint8", "uint16", "uint32", "uint64", "intmax", "uintmax", "intptr",
        "uintptr", "ptrdiff", "sig_atomic", "size", "wchar", "wint", "f", "r", "w", "x",
    ]

    /// Of C, POSIX, glibc and compilers, without those in folders.
    private static let headers: Set<String> = [
        // C
        "assert", "complex", "ctype", "errno", "fenv", "inttypes", "iso646", "limits", "locale",
        "math", "setjmp", "signal", "stdalign", "stdarg", "stdatomic", "stdbit", "stdbool",
        "stdckdint", "stddef", "stdint", "stdio", "stdlib", "stdnoreturn", "string", "tgmath",
        "threads", "time", "wctype",
        // POSIX
        "aio", "cpio", "dirent", "dlfcn", "fcntl", "fmtmsg", "fnmatch", "ftw", "glob", "grp",
        "iconv", "langinfo", "libgen", "libintl", "monetary", "mqueue", "ndbm", "netdb", "nl_types",
        "poll", "pthread", "pwd", "regex", "sched", "search", "semaphore", "spawn", "strings",
        "syslog", "tar", "termios", "ulimit", "unistd", "utime", "utmpx", "wordexp",
        // Systems
        "alloca", "byteswap", "elf", "endian", "err", "error", "execinfo", "features", "getopt",
        "link", "malloc", "memory", "resource", "stab", "sysexits", "ucontext", "values",
        "xlocale", "windows",
        // Compilers
        "arm_acle", "arm_bf16", "arm_fp16", "arm_neon", "arm_sve", "arm_vector_types", "cpuid",
        "mm3dnow", "mm_malloc", "omp", "openacc", "unwind",
    ]

    /// Those that compilers link without being asked, or for threads.
    private static let libraries: Set<String> = [
        "atomic", "c", "dl", "gcc", "gcc_s", "gomp", "iomp5", "m", "rt",
    ]

    private static let ownHeaders: Set<String> = [
        "allocations", "anchors", "api", "attention_tile", "bilinear", "boxes", "cases",
        "contenders", "depthwise_row", "edit_distance", "element", "epilogue", "float_state",
        "gemm_tile", "gemm_tiles", "guarded", "harness", "helpers", "input", "internal", "kernel",
        "kernel_info", "layer_norm_row", "npy", "npy_header",
        "options", "packing", "parallel", "peak", "picture_file", "processors", "profile", "random",
        "reference",
        "reference_attention", "reference_bilinear", "reference_boxes", "reference_norm",
        "registry", "results", "selection", "session", "simd", "statistics", "suppression",
        "team", "tile_unit", "verify",
    ]

    private static let ownSymbols: Set<String> = [
        "bench", "block", "box", "can", "check", "choose", "choose_all", "coarse",
        "convolution_most", "create", "detection", "end", "exit", "find", "halved", "image",
        "labels", "map", "mask", "merged", "open", "parse", "picture", "plan", "pooled",
        "region", "require", "resized", "run", "tile", "timed", "transform", "winograd_most",
        "wrote_only",
    ]

    /// Its variables and a package that every library needs begin with them.
    private static let cmake: Set<String> = ["cmake", "openmp", "project"]
}
