import Foundation
import Testing

@testable import Checkpoints

/// Small files, cut at every byte and changed in every byte: each either reads or is refused.
@Suite struct HostileInputTests {
    static let files = [
        "tiny.pth", "zip64.pth", "descriptors.pth", "network_legacy.pth", "legacy_views.pth",
        "training.safetensors", "legacy_views.safetensors",
    ]

    /// Reads everything there is; false when the file is refused.
    private func readsWhole(_ data: Data) throws -> Bool {
        do {
            let checkpoint = try read(data, verifyingChecksums: false)
            for name in checkpoint.names {
                _ = try checkpoint.floats(name)
                _ = try checkpoint.bytes(name)
            }
            return true
        } catch is CheckpointError {
            return false
        }
    }

    @Test(arguments: files)
    func cutAtEveryByte(file: String) throws {
        let data = try fixtureData(file)
        #expect(try readsWhole(data))
        for count in 0..<data.count {
            #expect(try !readsWhole(data.prefix(count)), "\(count) bytes")
        }
    }

    @Test(arguments: files)
    func changedInEveryByte(file: String) throws {
        var data = try fixtureData(file)
        var refused = 0
        for index in data.indices {
            let original = data[index]
            for change: UInt8 in [0xff, 0x80, 1 << UInt8(index % 8)] {
                data[index] = original ^ change
                if try !readsWhole(data) { refused += 1 }
            }
            data[index] = original
        }
        // Values may change unnoticed, structure may not.
        #expect(refused > 100)
    }

    @Test func emptyMemory() {
        expectFlaw(.damaged, "is empty") { _ = try read(Data()) }
    }
}
