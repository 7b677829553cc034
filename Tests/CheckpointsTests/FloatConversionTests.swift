import Foundation
import Testing

@testable import Checkpoints

@Suite struct FloatConversionTests {
    #if !(os(macOS) && arch(x86_64))
        @Test func everyHalfIsWhatTheProcessorSays() {
            let wrong = (0...UInt16.max).filter { bits in
                let found = float(fromHalf: bits)
                let wanted = Float(Float16(bitPattern: bits))
                return wanted.isNaN ? !found.isNaN : found.bitPattern != wanted.bitPattern
            }
            #expect(wrong == [])
        }
    #endif

    @Test func bfloat16IsTheUpperHalf() {
        let bits: [UInt16] = [0x3fc0, 0xc2f7, 0x0001, 0x7f80, 0x8000]
        let floats = bits.withUnsafeBytes { StoredType.bfloat16.floats(from: $0) }
        #expect(floats.map(\.bitPattern) == bits.map { UInt32($0) << 16 })
    }

    @Test func doubleRoundsToNearest() {
        let doubles = [1 + 0x1p-24, 1 + 0x1.8p-24, 1e300, -.leastNonzeroMagnitude, 0.1]
        let floats = doubles.withUnsafeBytes { StoredType.float64.floats(from: $0) }
        #expect(floats == [1, 1 + 0x1p-23, .infinity, 0, 0.1])
    }

    @Test(arguments: StoredType.allCases)
    func elementsAtOddAddresses(type: StoredType) {
        let packed = Data((0..<40).map { UInt8($0 * 5 % 97) })
        let aligned = packed.withUnsafeBytes { type.floats(from: $0) }
        let shifted = (Data([0]) + packed).withUnsafeBytes {
            type.floats(from: UnsafeRawBufferPointer(rebasing: $0.dropFirst()))
        }
        #expect(aligned == shifted)
        #expect(aligned.count == 40 / type.byteCount)
    }
}
