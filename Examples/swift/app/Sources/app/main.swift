import Foundation
import digits

// app PICTURE.ppm: which digit a picture shows, and how sure the network is.

/// The pixels of a binary PPM, 8 bits a channel.
func readPPM(_ path: String) throws -> (rgb: [UInt8], width: Int, height: Int) {
    let data = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    var place = 0
    func word() -> String {
        let start =
            data[place...].firstIndex { !Character(UnicodeScalar($0)).isWhitespace }
            ?? data.endIndex
        let end =
            data[start...].firstIndex { Character(UnicodeScalar($0)).isWhitespace } ?? data.endIndex
        place = end
        return String(decoding: data[start..<end], as: UTF8.self)
    }
    guard word() == "P6", let width = Int(word()), let height = Int(word()), word() == "255" else {
        throw CocoaError(.fileReadCorruptFile)
    }
    return (Array(data.dropFirst(place + 1)), width, height)
}

do {
    guard let path = CommandLine.arguments.dropFirst().first else {
        print("usage: app PICTURE.ppm")
        exit(64)
    }
    let (rgb, width, height) = try readPPM(path)
    let model = try Model(threads: 2)
    for candidate in try model.classify(rgb: rgb, width: width, height: height, top: 3) {
        print("\(candidate.label) \(candidate.probability)")
    }
} catch {
    print("error: \(error)")
    exit(65)
}
