import Testing

@testable import Toolchain

/// Texts are the same where no object can tell them apart, and only there.
@Suite struct ObjectTextTests {
    private func parts(_ files: String...) -> [[UInt8]] {
        ObjectText.parts(of: files.map { ObjectText(Array($0.utf8)) })
    }

    private let source = "#include \"net.h\"\nint a(void) { return STEPS; }\n"

    @Test(arguments: [
        ("int x;", "/* a number: 7 */\nint x;"), ("int x;", "// it's 7\n\nint x;\n"),
        ("int x; /* 1\n * 2 */ int y;", "int x; /* 3 */ int y;"),
        ("int x;\n#define COUNT 1", "int x;\n#define COUNT 2 /* more */"),
        ("int x;\n#define ID \"1\"", "int x;\n#define ID \"/* 2 */\""),
        ("enum { COUNT = 1 };\nint x;", "enum { COUNT = 2 }; /* more */\nint x;"),
        // A part of another name is no name.
        ("#define STEP 1", "#define STEP 2"),
    ])
    func commentsAndWhatNobodyReadsDoNotMatter(one: String, other: String) {
        #expect(parts(source, one) == parts(source, other))
    }

    @Test(arguments: [
        ("int x;", "int y;"), ("#define STEPS 1", "#define STEPS 2"),
        ("enum { STEPS = 1 };", "enum { STEPS = 2 };"),
        // One that another one names.
        ("#define STEPS COUNT\n#define COUNT 1", "#define STEPS COUNT\n#define COUNT 2"),
        // The condition names it.
        ("#define X 1\n#if X\nint x;\n#endif", "#define X 0\n#if X\nint x;\n#endif"),
        // It has arguments, goes on in the next line, or is one of several.
        ("#define COUNT(x) 1", "#define COUNT(x) 2"),
        ("#define COUNT \\\n 1", "#define COUNT \\\n 2"),
        ("enum { COUNT = 1, STEPS };", "enum { COUNT = 2, STEPS };"),
        // What looks like comments.
        ("char *x = \"/* 1 */\";", "char *x = \"/* 2 */\";"),
        ("char x = '\"'; int y; /* \" */", "char x = '\"'; int z; /* \" */"),
        ("char *x = \"\\\"//1\";", "char *x = \"\\\"//2\";"),
        // Names made of parts, and numbers of lines, read what does not say so.
        ("#define OF(x) NET_##x\n#define NET_A 1", "#define OF(x) NET_##x\n#define NET_A 2"),
        ("int x = __LINE__;", "/* one\n * two */ int x = __LINE__;"),
    ])
    func everythingElseMatters(one: String, other: String) {
        #expect(parts(source, one) != parts(source, other))
    }

    /// The end of a comment or of a literal may be missing.
    @Test(arguments: ["/*", "/* *", "/", "//", "\"", "'\\", "#define", "#define X", "enum { ", ""])
    func whatIsCutOffIsRead(text: String) {
        #expect(parts(text).count == 1)
    }
}
