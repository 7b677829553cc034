import ArrayFiles
import Foundation
import Testing

/// Files made to break a reader.
@Suite struct HostileNPYTests {
    private func read(_ bytes: [UInt8]) throws -> NPYArray {
        let path = NSTemporaryDirectory() + "/hilo-hostile-" + UUID().uuidString + ".npy"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(bytes).write(to: URL(filePath: path))
        return try NPYArray(contentsOf: path)
    }

    private func file(
        header: String, data: Int, declared: Int? = nil, version: UInt8 = 1
    ) -> [UInt8] {
        let length = declared ?? header.utf8.count
        let lengthBytes = (0..<(version == 1 ? 2 : 4)).map { UInt8(length >> (8 * $0) & 255) }
        return [0x93] + Array("NUMPY".utf8) + [version, 0] + lengthBytes + Array(header.utf8)
            + Array(repeating: 0, count: data)
    }

    private func header(shape: String, type: String = "<f4") -> String {
        "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }\n"
    }

    private func expectRefusal(_ bytes: [UInt8], _ part: String, line: Int = #line) {
        let error = #expect(throws: NPYError.self) { try read(bytes) }
        #expect(
            error?.problem.contains(part) == true,
            "line \(line): expected \(part), found \(String(describing: error))")
    }

    @Test func acceptsOtherSpellings() throws {
        let spellings = [
            "{\"shape\":(1,3),\"fortran_order\":False,\"descr\":\"<f4\"}",
            "  { 'fortran_order' : False , 'descr':'<f4','shape':( 1 , 3 , ) }  \n",
        ]
        for spelling in spellings {
            let array = try read(file(header: spelling, data: 12))
            #expect(array == NPYArray(shape: [1, 3], values: [0, 0, 0]))
        }
    }

    @Test func everyTruncationIsRefused() throws {
        let whole = file(header: header(shape: "(2, 3)"), data: 24)
        #expect(try read(whole).shape == [2, 3])
        for length in 0..<whole.count {
            #expect(throws: NPYError.self) { try read(Array(whole[..<length])) }
        }
        expectRefusal(whole + [0], "bytes; expected \(whole.count)")
    }

    @Test func everyChangedByteIsReadOrRefused() throws {
        let whole = file(header: header(shape: "(2, 3)"), data: 24)
        for index in 0..<(whole.count - 24) {
            for change: UInt8 in [0x01, 0x10, 0x80, 0xff] {
                var bytes = whole
                bytes[index] ^= change
                do {
                    let array = try read(bytes)
                    #expect(array.values.count == array.shape.reduce(1, *))
                } catch {
                    #expect(error is NPYError)
                }
            }
        }
    }

    @Test func sizesThatOverflowAreRefused() {
        for shape in [
            "(4611686018427387904,)", "(4294967296, 4294967296)", "(3037000500, 3037000500)",
            "(2305843009213693951, 1)",
        ] {
            expectRefusal(file(header: header(shape: shape), data: 24), "impossible shape")
        }
        expectRefusal(
            file(header: header(shape: "(99999999999999999999, 1)"), data: 0), "too large")
        expectRefusal(file(header: header(shape: "(1000000, 1000000)"), data: 24), "incomplete")
        let rank = header(shape: "(" + String(repeating: "1, ", count: 65) + ")")
        expectRefusal(file(header: rank, data: 4), "64 dimensions")
    }

    @Test func emptyArraysMayHaveAnyOtherExtent() throws {
        let shape = "(0, 4611686018427387904, 4611686018427387904)"
        #expect(try read(file(header: header(shape: shape), data: 0)).values.isEmpty)
    }

    @Test func longHeadersAreRefused() {
        let long = header(shape: "(1,)") + String(repeating: " ", count: 70_000)
        expectRefusal(file(header: long, data: 4, version: 2), "header of 7")
        expectRefusal(
            file(header: "", data: 24, declared: 0xffff_ffff, version: 2), "header of 4294967295")
        expectRefusal(file(header: "", data: 24, declared: 60_000), "within its header")
    }

    @Test func damagedHeadersAreRefused() {
        let plain = "'descr': '<f4', 'fortran_order': False, 'shape': (1,)"
        let cases = [
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
            ("{'descr: <f4", "a string was expected"),
        ]
        for (header, part) in cases { expectRefusal(file(header: header, data: 4), part) }
    }

    @Test func otherFilesAreRefused() throws {
        expectRefusal(Array("<html>Not found</html>".utf8), "no NumPy file")
        expectRefusal([], "no NumPy file")
        for path in ["/", "/missing/array.npy"] {
            let error = #expect(throws: NPYError.self) { try NPYArray(contentsOf: path) }
            #expect(error?.path == path)
        }
        let error = #expect(throws: NPYError.self) {
            try NPYArray(shape: [1], values: [1]).write(to: "/missing/array.npy")
        }
        #expect(error?.problem == "cannot be created: No such file or directory")
    }

    /// Bits, not values: a NaN's payload and the sign of zero survive.
    @Test func floatsKeepTheirBits() throws {
        let values: [Float] = [
            -0.0, .infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
            Float(bitPattern: 0x7fc1_2345),
        ]
        let path = NSTemporaryDirectory() + "/hilo-bits-" + UUID().uuidString + ".npy"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try NPYArray(shape: [5, 1], values: values).write(to: path)
        #expect(
            try NPYArray(contentsOf: path).values.map(\.bitPattern) == values.map(\.bitPattern))
    }

    /// More than one piece of reading.
    @Test func longArrays() throws {
        let values = (0..<200_003).map { Float($0) * 0.37 }
        let path = NSTemporaryDirectory() + "/hilo-long-" + UUID().uuidString + ".npy"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try NPYArray(shape: [200_003], values: values, elementType: .float64).write(to: path)
        #expect(try NPYArray(contentsOf: path).values == values)
    }
}
