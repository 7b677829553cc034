import Foundation
import Testing

@testable import Checkpoints

/// Files that are no checkpoints get an error that says what they are and what to do.
@Suite struct RefusalTests {
    @Test(arguments: [
        ("module_object.pth", ["is an object made by", ".Network", "state_dict"]),
        ("no_state.pth", ["holds no state_dict", "'epoch', 'names'"]),
        ("torchscript.pt", ["TorchScript", "torch.jit.load"]),
        ("tar.pth", ["tar archive", "torch.save"]),
        ("deflated.pth", ["compressed (method 8)", "uncompressed"]),
    ])
    func unsupportedFixture(file: String, fragments: [String]) throws {
        for fragment in fragments + [file] {
            expectFlaw(.unsupported, fragment) { _ = try Checkpoint.read(path: fixture(file)) }
        }
    }

    @Test(arguments: [("duplicate.pth", "twice"), ("traversal.pth", "unsafe name")])
    func damagedFixture(file: String, fragment: String) throws {
        expectFlaw(.damaged, file, fragment) { _ = try Checkpoint.read(path: fixture(file)) }
    }

    @Test func missingFile() {
        expectFlaw(.unreadable, "nowhere/x.pth: no such file", "check the path") {
            _ = try Checkpoint.read(path: "nowhere/x.pth")
        }
    }

    @Test func directory() throws {
        try withTemporaryFolder { folder in
            expectFlaw(.unreadable, folder, "is a folder") {
                _ = try Checkpoint.read(path: folder)
            }
        }
    }

    @Test func device() {
        expectFlaw(.unreadable, "is a pipe or a device") {
            _ = try Checkpoint.read(path: "/dev/null")
        }
    }

    @Test func emptyFile() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/empty.pth"
            try Data().write(to: URL(fileURLWithPath: path))
            expectFlaw(.damaged, path, "is empty") { _ = try Checkpoint.read(path: path) }
        }
    }

    /// A name in a message is quoted, so that it cannot forge another or command a terminal.
    @Test func namesAreQuoted() {
        let json = #"{"a\u001b[2J\u202e\nb":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#
        expectFlaw(.damaged, #"tensor a\u{1B}[2J\u{202E}\nb ends before it begins"#) {
            let header = Data(littleEndian: UInt64(json.utf8.count)) + Data(json.utf8)
            _ = try read(header + Data(count: 4))
        }
    }

    @Test(arguments: [
        ("<!DOCTYPE html><html><body>Not found</body></html>", "HTML"),
        ("\n\n  <html lang=\"en\">", "HTML"),
        ("version https://git-lfs.github.com/spec/v1\noid", "git lfs pull"),
        ("weights: none, sorry", "unknown format (it begins with 77 65 69"),
        ("\u{1f}\u{8b}\u{8}\u{0}", "only"),
    ])
    func textSavedAsCheckpoint(content: String, fragment: String) throws {
        let kind: CheckpointError.Kind = content.utf8.count < 8 ? .damaged : .unsupported
        expectFlaw(kind, fragment) { _ = try read(Data(content.utf8)) }
    }

    @Test func gzip() {
        expectFlaw(.unsupported, "gunzip") {
            _ = try read(Data([0x1f, 0x8b, 8] + [UInt8](0...20)))
        }
    }

    @Test func otherPickle() {
        expectFlaw(.unsupported, "torch.save did not write") {
            _ = try read(PickleAssembler().text("something").op(.stop).data)
        }
    }

    @Test func zipWithoutCheckpoint() throws {
        let data = try fixtureData("zip64.pth")
        let renamed = try data.renamingEverywhere("data.pkl", to: "data.txt")
        expectFlaw(.unsupported, "no checkpoint", "tiny/data.txt") { _ = try read(renamed) }
    }

    @Test func bigEndianZip() throws {
        let data = try fixtureData("tiny.pth").renamingEverywhere("little", to: "bigger")
        expectFlaw(.unsupported, "byte order 'bigger'") { _ = try read(data) }
    }
}

extension Data {
    /// Replaces a text by another of the same length, wherever it stands.
    func renamingEverywhere(_ old: String, to new: String) throws -> Data {
        try #require(old.utf8.count == new.utf8.count)
        var copy = self
        var replacements = 0
        while let range = copy.range(of: Data(old.utf8)) {
            copy.replaceSubrange(range, with: Data(new.utf8))
            replacements += 1
        }
        try #require(replacements > 0)
        return copy
    }
}
