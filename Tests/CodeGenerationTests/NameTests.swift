import Networks
import Templates
import Testing

/// Names that a model cannot have, because what is generated or built with it has them.
@Suite struct NameTests {
    private func refusal(_ name: String) -> String? {
        do {
            _ = try MSA(name: name, dim: 4, heads: 1)
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Templates of C; those of the public headers are named after the model.
    private static let sources = TemplateFiles.all.filter {
        $0.key.hasSuffix(".c") || $0.key.hasSuffix(".h")
    }

    @Test func headersOfTheLibraryAreNoNames() {
        var count = 0
        for path in Self.sources.keys where path.hasSuffix(".h") {
            let parts = path.dropLast(2).split(separator: "/").map(String.init)
            guard let folder = parts.first, let file = parts.last,
                folder != "library", folder != "preprocess"
            else { continue }
            let name = file == "case" ? "case_\(folder)" : file
            #expect(refusal(name) != nil, "\(path)")
            count += 1
        }
        #expect(count > 30)
    }

    /// A name with which a symbol of the model would be one that the C has for itself: `run` would
    /// make `run_options`, a table of the harness.
    @Test func symbolsOfTheLibraryAreNoNames() {
        let words = Self.sources.values.reduce(into: Set<Substring>()) { words, text in
            let named = text.replacing("<%model%>", with: "zzqq")
                .replacing("<%MODEL%>", with: "ZZQQ")
            words.formUnion(named.split { !($0.isLetter || $0.isNumber || $0 == "_") })
        }
        let isNamed = { (word: Substring) in word.hasPrefix("zzqq") || word.hasPrefix("ZZQQ") }
        let endings = Set(words.filter { isNamed($0) && $0.count > 4 }.map { $0.dropFirst(4) })
        #expect(endings.isSuperset(of: ["_run", "_options", "_OK", "_WIDTH", "_H"]))
        for word in words where !isNamed(word) {
            for index in word.indices where word[index] == "_" && endings.contains(word[index...]) {
                let name = String(word[..<index]).lowercased()
                #expect(name.isEmpty || refusal(name) != nil, "\(name) makes \(word)")
            }
        }
    }

    @Test(arguments: [
        ("kernel", "generated library"), ("simd", "generated library"), ("run", "symbols"),
        ("packing", "generated library"), ("simd_avx2", "generated library"), ("time", "header"),
        ("math", "header"), ("string", "header"), ("omp", "header"), ("immintrin", "header"),
        ("alloca", "header"), ("c", "a library of the system"), ("size", "macros"),
        ("x", "macros"), ("typeof", "reserved in C"), ("class", "reserved in C++"),
        ("linux", "reserved in C++"),
        ("openmp", "CMake"),
        ("Time", "header"), ("KERNEL", "generated library"),
    ])
    func theReasonIsSaid(name: String, reason: String) {
        let message = refusal(name) ?? "accepted"
        #expect(message.hasPrefix("name '\(name)': "))
        #expect(message.contains(reason) && message.hasSuffix("; choose another"), "\(message)")
    }

    @Test(arguments: [
        "net", "timer", "kernel_2", "my_string", "litv2_s", "kernels", "simple", "casework",
        "model", "all", "help", "test",
    ])
    func otherNamesAreFree(name: String) { #expect(refusal(name) == nil) }

    /// What networks are called where nobody names them.
    @Test func usualNamesAreFree() throws {
        for model in NetworkRegistry.models {
            var options = ModelOptions()
            (options.dim, options.heads) = (24, 4)
            _ = try model.network(options)
        }
    }
}
