import HiLoKit
import TestFixtures
import Testing

extension LoadedLibrary {
    /// Any number of threads and any batch give the same bits, image by image.
    func expectSameBits(_ name: String, _ plan: Plan) throws {
        let images = seededInputs(batch: 8, count: plan.network.inputShape.reduce(1, *), seed: 7)
        let expected = try images.map { try run([$0], threads: 1)[0] }
        for batch in [1, 2, 3, 8] {
            for threads in [1, 2, 3, 8] {
                let output = try run(Array(images[..<batch]), threads: threads)
                #expect(
                    output == Array(expected[..<batch]),
                    "\(name), batch \(batch), \(threads) threads")
            }
        }
    }
}
