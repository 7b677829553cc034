import Networks
import Testing

/// Configurations that name others in `BASE`.
@Suite struct ConfigurationBaseTests {
    private struct Missing: Error {}

    /// The network of the first file, where these files are all that there are.
    private func network(
        _ first: String, of files: [String: String], asked: ((ConfigurationBase) -> Void)? = nil
    ) throws -> LITv2 {
        try LITv2(yaml: try #require(files[first]), source: first) { base in
            asked?(base)
            guard let text = files[base.path] else { throw Missing() }
            return text
        }
    }

    private func message(_ first: String, of files: [String: String]) -> String {
        do {
            return "accepted as \(try network(first, of: files))"
        } catch {
            return "\(error)"
        }
    }

    private static let base = """
        DATA: {IMG_SIZE: 64, DATASET: cifar}
        MODEL:
          TYPE: litv2
          NAME: base
          LIT:
            EMBED_DIM: 12
            DEPTHS: [1, 1, 1, 1]
            NUM_HEADS: [1, 2, 4, 8]
            ALPHA: 0.5
        """

    /// What a file holds beside its bases is what remains of them.
    @Test func aFileOverridesItsBase() throws {
        let child = """
            BASE: ['base.yaml']
            MODEL:
              NAME: child
              LIT: {ALPHA: 0.9, DEPTHS: [1, 1, 2]}
            """
        let whole = """
            DATA: {IMG_SIZE: 64, DATASET: cifar}
            MODEL:
              TYPE: litv2
              NAME: child
              LIT: {EMBED_DIM: 12, DEPTHS: [1, 1, 2], NUM_HEADS: [1, 2, 4], ALPHA: 0.9}
            """
        // A list is replaced as a whole, so that the heads of the base are one too many.
        #expect(
            message("child.yaml", of: ["child.yaml": child, "base.yaml": Self.base])
                == "base.yaml (a BASE of child.yaml), line 8: MODEL.LIT.NUM_HEADS: expected 3 "
                + "integers, one for each entry of DEPTHS, found a list [1, 2, 4, 8]")
        let repaired = child.replacing("ALPHA: 0.9", with: "ALPHA: 0.9, NUM_HEADS: [1, 2, 4]")
            .replacing("[1, 1, 2]", with: "[1, 1, 2], HAS_MSA: [0, 0, 1], LOCAL_WS: [0, 0, 2]")
        let other = whole.replacing(
            "[1, 1, 2]", with: "[1, 1, 2], HAS_MSA: [0, 0, 1], LOCAL_WS: [0, 0, 2]")
        #expect(
            try network("child.yaml", of: ["child.yaml": repaired, "base.yaml": Self.base])
                == LITv2(yaml: other, source: "whole.yaml"))
    }

    /// Later files win, and of each the file before its bases.
    @Test func theLastWordCounts() throws {
        func model(_ bases: String, _ classes: Int? = nil, _ name: String? = nil) -> String {
            "BASE: \(bases)\nMODEL:\n" + (classes.map { "  NUM_CLASSES: \($0)\n" } ?? "")
                + (name.map { "  NAME: \($0)\n" } ?? "")
        }
        let files = [
            "top.yaml": model("[one.yaml, '', two.yaml]"),
            "one.yaml": model("[deep.yaml]", 1, "one"),
            "two.yaml": model("deep.yaml", 2),
            "deep.yaml": model("['']", 3, "deep")
                + "  TYPE: litv2\n",
        ]
        let network = try network("top.yaml", of: files)
        #expect(network.classes == 2)
        // The second base's own base comes after the first.
        #expect(network.name == "deep")
    }

    /// Names count from the folder of the file that says them.
    @Test func namesCountFromTheFileThatSaysThem() throws {
        let files = [
            "configs/a.yaml": "\nBASE: ['more/b.yaml']", "configs/more/b.yaml": "BASE: [../c.yaml]",
            "configs/more/../c.yaml": "BASE: /etc/d.yaml", "/etc/d.yaml": "BASE:\n- e.yaml",
            "/etc/e.yaml": Self.base,
        ]
        var asked: [ConfigurationBase] = []
        #expect(try network("configs/a.yaml", of: files) { asked.append($0) }.name == "base")
        #expect(
            asked.map(\.path) == [
                "configs/more/b.yaml", "configs/more/../c.yaml", "/etc/d.yaml", "/etc/e.yaml",
            ])
        #expect(asked[0].asker == "configs/a.yaml, line 2")
        #expect(asked[3].asker == "/etc/d.yaml (a BASE of configs/more/../c.yaml), line 1")
    }

    @Test func aFileThatIsNotThereEndsIt() {
        #expect(throws: Missing.self) { try network("a", of: ["a": "BASE: [b]"]) }
    }

    // MARK: Mistakes

    @Test func mistakesAreFoundInTheFileThatHasThem() {
        let files = [
            "my.yaml": "BASE: [a.yaml]", "a.yaml": "MODEL: {TYPE: litv2}\nDATA: {IMAGE: 3}",
        ]
        #expect(
            message("my.yaml", of: files)
                == "a.yaml (a BASE of my.yaml), line 2: DATA.IMAGE: unknown key; known are "
                + "BATCH_SIZE, DATA_PATH, DATASET, IMG_SIZE, INTERPOLATION, ZIP_MODE, CACHE_MODE, "
                + "PIN_MEMORY, NUM_WORKERS")
        let broken = message("my.yaml", of: ["my.yaml": "BASE: [a.yaml]", "a.yaml": "MODEL: ["])
        #expect(broken.hasPrefix("a.yaml (a BASE of my.yaml), line 2: not YAML"), "\(broken)")
        // A section is no value; the file that says it is one is named.
        let section = ["my.yaml": "BASE: [a.yaml]\nMODEL: 3", "a.yaml": Self.base]
        #expect(
            message("my.yaml", of: section)
                == "my.yaml, line 2: MODEL: expected keys and values, found 3")
    }

    @Test(arguments: ["3", "[a, 3]", "[[a]]", "{a: b}", "\"a\\0b\""])
    func whatIsNoName(value: String) {
        let text = message("my.yaml", of: ["my.yaml": "BASE: \(value)", "a": Self.base])
        #expect(text.hasPrefix("my.yaml, line 1: BASE: expected names of files"), "\(text)")
    }

    @Test func aHugeNameDoesNotFloodTheMessage() {
        let name = String(repeating: "K", count: 50_000)
        #expect(message("my.yaml", of: ["my.yaml": "BASE: [\(name)]"]).utf8.count < 600)
    }

    // MARK: Limits

    @Test(arguments: ["a.yaml", "./a.yaml", ".//a.yaml"]) func cyclesAreFound(name: String) {
        let two = ["a.yaml": "BASE: [b.yaml]", "b.yaml": "BASE: ['\(name)']"]
        #expect(
            message("a.yaml", of: two)
                == "b.yaml (a BASE of a.yaml), line 1: BASE: \(name) would be its own base; take "
                + "its name out of one of the files")
        #expect(message("a.yaml", of: ["a.yaml": "BASE: \(name)"]).contains("its own base"))
    }

    /// A cycle whose names grow, and a chain.
    @Test func depthsHaveAnEnd() throws {
        func chain(_ length: Int) -> [String: String] {
            Dictionary(
                uniqueKeysWithValues: (0...length).map { index in
                    ("\(index)", index < length ? "BASE: '\(index + 1)'" : Self.base)
                })
        }
        #expect(try network("0", of: chain(8)).name == "base")
        let text = message("0", of: chain(9))
        #expect(text.hasPrefix("8 (a BASE of 7), line 1: BASE: up to 32 files"), "\(text)")
        let growing = #expect(throws: NetworkError.self) {
            try LITv2(yaml: "BASE: x/../a.yaml", source: "a.yaml") { _ in "BASE: x/../a.yaml" }
        }
        #expect(growing?.description.contains("is it its own base") == true)
    }

    @Test func numbersHaveAnEnd() throws {
        // Two files with one base are no cycle.
        let some = ["a": "BASE: [b, b]", "b": Self.base]
        #expect(try network("a", of: some).name == "base")
        var count = 0
        let error = #expect(throws: NetworkError.self) {
            try LITv2(yaml: "BASE: [b, c, d, e]", source: "a") { base in
                count += 1
                return base.path.utf8.count > 4 ? Self.base : "BASE: [\(base.path)x, \(base.path)y]"
            }
        }
        #expect(count == 32)
        #expect(error?.description.contains("up to 32 files") == true)
    }
}
