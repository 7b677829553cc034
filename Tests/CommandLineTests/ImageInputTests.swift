import ArrayFiles
import Foundation
import ImageFiles
import Testing

@testable import hilo

/// What a library gets of a picture.
@Suite struct ImageInputTests {
    /// The same bytes as an array's own, at any length of the header.
    @Test(arguments: [(1, 1), (7, 3), (12, 345), (1, 10_000)])
    func pixelsAreWrittenAsAnArray(width: Int, height: Int) throws {
        let sandbox = try Sandbox()
        let pixels = (0..<(3 * width * height)).map { UInt8($0 * 31 % 256) }
        let image = RGBImage(width: width, height: height, pixels: pixels)
        try image.writeArray(to: sandbox.file("x.npy").path)
        try NPYArray(
            shape: [height, width, 3], values: pixels.map { Float($0) }, elementType: .uint8
        ).write(to: sandbox.file("y.npy").path)
        #expect(
            try Data(contentsOf: sandbox.file("x.npy"))
                == Data(contentsOf: sandbox.file("y.npy")))
    }
}
