/// Files made to break a reader.
enum HostileNPY {
    /// A file and a part of what is said when it is refused.
    typealias Refusal = (bytes: [UInt8], part: String)

    /// - Parameters:
    ///   - data: how many bytes follow the header.
    ///   - declared: what the file says is the length of its header, when that is not true.
    static func file(
        header: String, data: Int, declared: Int? = nil, version: UInt8 = 1
    ) -> [UInt8] {
        let length = declared ?? header.utf8.count
        let lengthBytes = (0..<(version == 1 ? 2 : 4)).map { UInt8(length >> (8 * $0) & 255) }
        return [0x93] + Array("NUMPY".utf8) + [version, 0] + lengthBytes + Array(header.utf8)
            + (0..<data).map { UInt8($0 * 83 % 251) }
    }

    static func header(shape: String, type: String = "<f4") -> String {
        "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }\n"
    }

    /// Every file below.
    static var all: [[UInt8]] {
        spellings + [whole, whole + [0]] + truncations + changes + [empty]
            + (overflows + long + damaged + others).map(\.bytes)
    }

    // MARK: Files that may be read

    /// 1×3 in ways in which NumPy does not write it.
    static let spellings = [
        "{\"shape\":(1,3),\"fortran_order\":False,\"descr\":\"<f4\"}",
        "  { 'fortran_order' : False , 'descr':'<f4','shape':( 1 , 3 , ) }  \n",
    ].map { file(header: $0, data: 12) }

    static let whole = file(header: header(shape: "(2, 3)"), data: 24)

    static let truncations = (0..<whole.count).map { Array(whole[..<$0]) }

    /// Each byte before the data, changed.
    static let changes = (0..<(whole.count - 24)).flatMap { index in
        [0x01, 0x10, 0x80, 0xff].map { (change: UInt8) in
            var bytes = whole
            bytes[index] ^= change
            return bytes
        }
    }

    static let empty = file(
        header: header(shape: "(0, 4611686018427387904, 4611686018427387904)"), data: 0)

    // MARK: Files that are refused

    static let overflows: [Refusal] =
        [
            "(4611686018427387904,)", "(4294967296, 4294967296)", "(3037000500, 3037000500)",
            "(2305843009213693951, 1)",
        ].map { (file(header: header(shape: $0), data: 24), "impossible shape") } + [
            (file(header: header(shape: "(99999999999999999999, 1)"), data: 0), "too large"),
            (file(header: header(shape: "(9223372036854775808, 0)"), data: 0), "too large"),
            (file(header: header(shape: "(1000000, 1000000)"), data: 24), "incomplete"),
            (file(header: header(shape: rank(65)), data: 4), "64 dimensions"),
        ]

    /// Ones, as many as there are dimensions.
    static func rank(_ rank: Int) -> String {
        "(" + String(repeating: "1, ", count: rank) + ")"
    }

    static let long: [Refusal] = [
        (
            file(
                header: header(shape: "(1,)") + String(repeating: " ", count: 70_000), data: 4,
                version: 2),
            "header of 7"
        ),
        (
            file(header: "", data: 24, declared: 0xffff_ffff, version: 2),
            "header of 4294967295"
        ),
        (file(header: "", data: 24, declared: 60_000), "within its header"),
    ]

    private static let plain = "'descr': '<f4', 'fortran_order': False, 'shape': (1,)"

    static let damaged: [Refusal] = [
        ("", "'{' was expected at its byte 0"),
        ("{\(plain)", "'}' was expected"), ("{\(plain)} x", "the end was expected"),
        ("{\(plain), 'more': True}", "without exactly"),
        ("{\(plain), 'shape': (1,)}", "'shape' twice"),
        ("{'descr': '<f4', 'shape': (1,)}", "without exactly"),
        ("{'descr': True, 'fortran_order': False, 'shape': (1,)}", "no single element type"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "a number was expected"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1)}", "',' was expected"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}", "',' was expected"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2", "')' was expected"),
        ("{'descr': '<f4', 'fortran_order': 'False', 'shape': (1,)}", "without exactly"),
        ("{'descr': '<f\\x34', 'fortran_order': False, 'shape': (1,)}", "plain ASCII"),
        ("{'descr': '<f4\u{1b}[2J', 'fortran_order': False, 'shape': (1,)}", "plain ASCII"),
        ("{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", "astype('<f4')"),
        ("{'descr': '<f4', 'fortran_order': True, 'shape': (1,)}", "ascontiguousarray"),
        ("{'descr': '<f4', 'fortran_order': Falsehood, 'shape': (1,)}", "'}' was expected"),
        ("{'descr: <f4", "a string was expected"),
    ].map { (file(header: $0.0, data: 4), $0.1) }

    static let others: [Refusal] = [
        (Array("<html>Not found</html>".utf8), "no NumPy file"), ([], "no NumPy file"),
        (file(header: header(shape: "(1,)"), data: 4, version: 3), "version 3.0"),
    ]
}
