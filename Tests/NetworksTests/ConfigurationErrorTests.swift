import Networks
import Testing

/// What is said of configurations that are wrong.
@Suite struct ConfigurationErrorTests {
    private func message(_ yaml: String, _ overrides: ModelOptions = .init()) -> String {
        do {
            let network = try LITv2(yaml: yaml, source: "my.yaml", overrides: overrides)
            return "accepted as \(network)"
        } catch {
            return "\(error)"
        }
    }

    /// A message about one more line in `MODEL.LIT`, which is line 4.
    private func lit(_ line: String) -> String {
        message("MODEL:\n  TYPE: litv2\n  LIT:\n    \(line)\n")
    }

    @Test(arguments: [
        ("NUM_HEAD: [3]", "NUM_HEAD", "did you mean NUM_HEADS?"),
        ("depths: [3]", "depths", "did you mean DEPTHS?"),
        ("LOCAL_WINDOW: 2", "LOCAL_WINDOW", "known are PATCH_SIZE, IN_CHANS"),
        ("NUM_CLASSES: 10", "NUM_CLASSES", "it belongs in MODEL"),
        ("TRAIN: 10", "TRAIN", "it stands at the top level"),
    ])
    func typos(line: String, key: String, advice: String) {
        let text = lit(line)
        #expect(text.hasPrefix("my.yaml, line 4: MODEL.LIT.\(key): unknown key; \(advice)"))
    }

    @Test func typosInOtherSections() {
        #expect(
            message("MODLE: {}") == "my.yaml, line 1: MODLE: unknown key; did you mean MODEL?")
        #expect(
            message("\nDATA:\n  IMAGE_SIZE: 3")
                == "my.yaml, line 3: DATA.IMAGE_SIZE: unknown key; did you mean IMG_SIZE?")
        #expect(
            message("MODEL:\n  TPYE: x")
                == "my.yaml, line 2: MODEL.TPYE: unknown key; did you mean TYPE?")
        #expect(message("TEST: {CORP: 1}").hasSuffix("did you mean CROP?"))
        #expect(message("TEST: {FLIP: 1}").hasSuffix("known are CROP"))
    }

    @Test func aHugeKeyDoesNotFloodTheMessage() {
        let key = String(repeating: "K", count: 50_000)
        #expect(message("MODEL: {? \(key) : 1}").utf8.count < 600)
    }

    @Test(arguments: [
        ("EMBED_DIM: a", "EMBED_DIM: expected an integer from 1 to 65536, found the text 'a'"),
        ("EMBED_DIM: 0", "EMBED_DIM: expected an integer from 1 to 65536, found 0"),
        ("EMBED_DIM: 96.0", "EMBED_DIM: expected an integer from 1 to 65536, found 96.0"),
        (
            "EMBED_DIM: 99999999999999999999",
            "EMBED_DIM: expected an integer from 1 to 65536, found the text '99999999999999999999'"
        ),
        ("DEPTHS: 4", "DEPTHS: expected a list of integers such as [2, 2, 6, 2], found 4"),
        (
            "DEPTHS: [2, two]",
            "DEPTHS: expected a list of integers such as [2, 2, 6, 2], "
                + "found a list [2, the text 'two']"
        ),
        ("DEPTHS: []", "DEPTHS: expected 1 to 8 entries, found 0"),
        ("DEPTHS: [1,1,1,1,1,1,1,1,1]", "DEPTHS: expected 1 to 8 entries, found 9"),
        (
            "NUM_HEADS: [3, 6, 12]",
            "NUM_HEADS: expected 4 integers, one for each entry of DEPTHS, found a list [3, 6, 12]"
        ),
        (
            "LOCAL_WS: [1,1,1,1,1,1,1,1,1]",
            "LOCAL_WS: expected 4 integers, one for each entry of DEPTHS, "
                + "found a list [1, 1, 1, 1, 1, 1, 1, 1, …]"
        ),
        (
            "HAS_MSA: [0, 0, 2, 1]",
            "HAS_MSA: expected 0 or 1 for each stage, found a list [0, 0, 2, 1]"
        ),
        ("ALPHA: high", "ALPHA: expected a number, found the text 'high'"),
        ("ALPHA: ", "ALPHA: expected a number, found nothing"),
        ("MLP_RATIO: -1e300", "MLP_RATIO: expected a number above 0, at most 64, found -1e+300"),
        ("MLP_RATIO: .nan", "MLP_RATIO: expected a number above 0, at most 64, found nan"),
        ("MLP_RATIO: 65", "MLP_RATIO: expected a number above 0, at most 64, found 65.0"),
        ("QKV_BIAS: 1", "QKV_BIAS: expected True or False, found 1"),
        ("PATCH_SIZE: 2", "PATCH_SIZE: expected 4; nothing else is supported, found 2"),
        ("IN_CHANS: 1", "IN_CHANS: expected 3; nothing else is supported, found 1"),
        ("APE: True", "APE: expected False; nothing else is supported, found True"),
        ("PATCH_NORM: False", "PATCH_NORM: expected True; nothing else is supported, found False"),
    ])
    func wrongValues(line: String, expected: String) {
        #expect(lit(line) == "my.yaml, line 4: MODEL.LIT.\(expected)")
    }

    @Test func aDefaultThatDoesNotFitIsCalledOne() {
        #expect(
            lit("DEPTHS: [2, 2, 6]")
                == "my.yaml: MODEL.LIT.NUM_HEADS: expected 3 integers, one for each entry of "
                + "DEPTHS, found a list [3, 6, 12, 24] (the default)")
    }

    @Test(arguments: [
        ("DATA: {IMG_SIZE: big}", "DATA.IMG_SIZE: expected an integer from 1 to 16384"),
        ("DATA: {IMG_SIZE: 9223372036854775807}", "DATA.IMG_SIZE: expected an integer from 1"),
        ("DATA: {INTERPOLATION: bilinear}", "DATA.INTERPOLATION: expected the text 'bicubic'"),
        ("DATA: {DATASET: 1}", "DATA.DATASET: expected a text, found 1"),
        ("DATA: 3", "DATA: expected keys and values, found 3"),
        ("TEST: {CROP: 1}", "TEST.CROP: expected True or False, found 1"),
        ("TEST: {CROP: {A: 1}}", "TEST.CROP: expected True or False, found keys and values"),
        ("BASE: [litv2-small.yaml]", "BASE: other files are not read here; write their keys"),
    ])
    func wrongValuesElsewhere(line: String, expected: String) {
        let text = message("MODEL: {TYPE: litv2}\n\(line)")
        #expect(text.hasPrefix("my.yaml, line 2: \(expected)"), "\(text)")
    }

    @Test func wrongModels() {
        #expect(
            message("MODEL: {TYPE: swin}")
                == "my.yaml, line 1: MODEL.TYPE: expected the text 'litv2'; nothing else is "
                + "supported, found the text 'swin'")
        #expect(message("DATA: {}").contains("MODEL.TYPE: expected the text 'litv2'"))
        #expect(message("DATA: {}").hasSuffix("found the text 'lit' (the default)"))
        #expect(
            message("MODEL: {TYPE: litv2, NUM_CLASSES: -1}")
                == "my.yaml, line 1: MODEL.NUM_CLASSES: expected an integer from 0 to 1000000, "
                + "found -1")
        #expect(message("MODEL: {TYPE: litv2, NAME: [a]}").contains("MODEL.NAME: expected a text"))
    }

    @Test func aNetworkThatDoesNotFitTogetherNamesTheFile() {
        #expect(
            lit("NUM_HEADS: [3, 6, 13, 24]")
                == "my.yaml: lit_s, stage 3: 384 channels do not divide into 13 heads; "
                + "choose heads that divide 384")
        #expect(lit("LOCAL_WS: [0, 0, 0, 1]").contains("stage 3: window is 0"))
        #expect(
            message("MODEL: {TYPE: litv2}", .init(resolution: .init(height: 224, width: 100)))
                .hasPrefix("my.yaml: lit_s: resolution 224x100: 100 is not a multiple of 32"))
        #expect(message("MODEL: {TYPE: litv2}", .init(alpha: 1.5)).contains("alpha is 1.5"))
        #expect(message("MODEL: {TYPE: litv2}", .init(window: 300)).contains("window is 300"))
        #expect(message("MODEL: {TYPE: litv2}", .init(classes: -1)).contains("classes is -1"))
        #expect(message("MODEL: {TYPE: litv2}", .init(name: "int")).contains("reserved in C"))
    }

    @Test func aTreeHasNoLines() {
        let tree = ConfigurationTree.dictionary([("MODEL", .dictionary([("TIPE", .null)]))])
        let error = #expect(throws: NetworkError.self) {
            try LITv2(configuration: tree, source: "model.pth")
        }
        #expect(
            error?.description == "model.pth: MODEL.TIPE: unknown key; did you mean TYPE?")
        let list = #expect(throws: NetworkError.self) {
            try LITv2(configuration: .list([.double(0.5), .null]), source: "model.pth")
        }
        #expect(
            list?.description
                == "model.pth: expected keys such as MODEL and DATA, found a list [0.5, nothing]")
    }
}

/// Texts that are not YAML, or made to keep a parser busy.
@Suite struct HostileYAMLTests {
    private func message(_ yaml: String) -> String {
        do {
            return "accepted as \(try LITv2(yaml: yaml, source: "my.yaml"))"
        } catch {
            return "\(error)"
        }
    }

    @Test func brokenTexts() {
        #expect(message("MODEL: [1\nDATA: }").hasPrefix("my.yaml, line 2: not YAML:"))
        #expect(message("MODEL: 'open").contains("not YAML:"))
        #expect(message("a: *b").hasPrefix("my.yaml, line 1: not YAML: found undefined alias"))
        #expect(message("a: 1\u{1}").hasPrefix("my.yaml: not YAML: control characters"))
        #expect(message("") == "my.yaml: no configuration in the file; expected MODEL and DATA")
        #expect(message("MODEL: {}\nMODEL: {}") == "my.yaml, line 1: key given twice: MODEL")
        #expect(message("MODEL: {}\n---\nMODEL: {}").contains("found another document"))
        #expect(message("MODEL:\n  [1, 2]: 3").hasPrefix("my.yaml, line 2: a key is a list"))
        #expect(message("just words").contains("expected keys such as MODEL and DATA"))
    }

    @Test func largeTextsAreRefused() {
        let text = "# " + String(repeating: "x", count: 1 << 20)
        #expect(message(text).hasPrefix("my.yaml: 1048578 bytes; a configuration has at most"))
    }

    @Test func manyValuesAreRefused() {
        let text = "TRAIN: [" + String(repeating: "1, ", count: 20_000) + "1]"
        #expect(message(text).contains("more than 10000 values"))
    }

    @Test func bombsOfAliasesAreRefused() {
        let levels = (1...9).map { level -> String in
            let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ",")
            return "a\(level): &a\(level) [\(aliases)]"
        }
        let bomb = "a0: &a0 [lol]\n" + levels.joined(separator: "\n") + "\n? *a9\n: 1\n"
        #expect(message(bomb).contains("too many aliases"))
    }

    @Test func aFewAliasesCannotGrowLarge() {
        let row = Array(repeating: "1", count: 900).joined(separator: ",")
        let text = "TRAIN: [&a [\(row)], &b [*a, *a, *a], [*b, *b, *b, *b]]"
        #expect(message(text).contains("more than 10000 values"))
    }

    @Test func deepNestingIsRefused() {
        let steps = (0..<1000).map { String(repeating: " ", count: $0) + "a:\n" }
        let texts = [
            String(repeating: "[", count: 100_000),
            String(repeating: "{a: ", count: 100_000),
            "a:\n" + String(repeating: "- ", count: 100_000) + "1",
            String(repeating: "? ", count: 100_000) + "1",
            steps.joined(),
            "a: [\"]\", " + String(repeating: "[\"]\", ", count: 1000),
        ]
        for text in texts { #expect(message(text).contains("nested too deeply")) }
    }

    @Test func nestingUpToTheLimitIsRead() {
        let flow = String(repeating: "[", count: 195) + String(repeating: "]", count: 195)
        let deep = (0...95).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
        let text =
            "TRAIN:\n" + deep.split(separator: "\n").map { " \($0)\n" }.joined()
            + String(repeating: " ", count: 98) + flow + "\n"
        #expect(message("MODEL: {TYPE: litv2}\n" + text).hasPrefix("accepted"))
    }

    @Test func starsInTextsAreNoAliases() {
        let paths = (0..<20).map { "  P\($0): /data/*.tar/**/*x # 2 * 3\n" }.joined()
        #expect(message("MODEL: {TYPE: litv2}\nTRAIN:\n" + paths).hasPrefix("accepted"))
    }
}
