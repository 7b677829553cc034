import Foundation
import Testing

@testable import Checkpoints

/// What PyTorch writes is read, or left alone where it is not needed.
@Suite struct SoundFileTests {
    private let storage = Data(storage: [1.5, -2, 3.25, 4])

    private func read(_ pickle: PickleAssembler) throws -> Checkpoint {
        try CheckpointsTests.read(pickle.file(keys: ["0"], storages: storage))
    }

    /// A state_dict with `w`, the whole storage, and another entry.
    private func state(with name: String, _ entry: PickleAssembler) -> PickleAssembler {
        PickleAssembler().op(.emptyDictionary, .mark)
            .text("w").tensor(shape: [4], strides: [1], count: 4)
            .text(name).pushing(entry).op(.setItems)
    }

    // MARK: Lazy negation

    /// Two columns of the storage as rows, with metadata.
    private func tensor(_ key: String, _ value: Bool) -> PickleAssembler {
        PickleAssembler().global("torch._utils", "_rebuild_tensor_v2").op(.mark)
            .storage(count: 4).integer(0).tuple([2, 2]).tuple([1, 2]).op(.newFalse, .none)
            .op(.emptyDictionary).text(key).op(value ? .newTrue : .newFalse)
            .op(.setItem, .tuple, .reduce)
    }

    static let metadata: [(String, Bool, [Float])] = [
        ("neg", true, [-1.5, -3.25, 2, -4]), ("neg", false, [1.5, 3.25, -2, 4]),
        ("conj", true, [1.5, 3.25, -2, 4]),
    ]

    @Test(arguments: metadata)
    func metadataOfATensor(key: String, value: Bool, expected: [Float]) throws {
        let checkpoint = try read(state(with: "n", tensor(key, value)))
        #expect(try checkpoint.floats("n") == expected)
        let bytes = expected.reduce(Data()) { $0 + Data(littleEndian: $1.bitPattern) }
        #expect(try checkpoint.bytes("n") == bytes)
        #expect(try checkpoint.floats("w") == [1.5, -2, 3.25, 4])
    }

    @Test func packedTensorsAreNegatedToo() throws {
        let values: [Int64] = [3, -4, .min]
        let data = values.reduce(Data()) { $0 + Data(littleEndian: $1) }
        let record = try TensorRecord(
            name: "n", shape: [3], strides: [1], offset: 0, elementType: .int64, storage: 0..<24,
            isNegated: true)
        #expect(record.packedRange == nil)
        let packed = data.withUnsafeBytes { record.pack(from: $0) }
        let expected = [-3, 4, Int64.min].reduce(Data()) { $0 + Data(littleEndian: $1) }
        #expect(Data(packed) == expected)
    }

    @Test func unknownMetadataAreNotGuessed() throws {
        let checkpoint = try read(state(with: "n", tensor("zero", true)))
        #expect(checkpoint.names == ["w"])
        #expect(checkpoint.unread["n"]?.contains("unknown metadata") == true)
    }

    // MARK: Attributes

    @Test func aParameterWithAttributes() throws {
        let parameter = PickleAssembler().global("torch._utils", "_rebuild_parameter_with_state")
            .op(.mark).tensor(shape: [2], strides: [1], offset: 1, count: 4).op(.newTrue, .none)
            .op(.emptyDictionary).text("tag").integer(1).op(.setItem, .tuple, .reduce)
        #expect(try read(state(with: "p", parameter)).floats("p") == [-2, 3.25])
    }

    private func tensorOfType(_ type: String, in module: String) -> PickleAssembler {
        PickleAssembler().global("torch._tensor", "_rebuild_from_type_v2").op(.mark)
            .global("torch._utils", "_rebuild_tensor_v2").global(module, type).op(.mark)
            .storage(count: 4).integer(0).tuple([1]).tuple([1]).op(.newFalse, .none, .tuple)
            .op(.emptyDictionary, .tuple, .reduce)
    }

    @Test func aTensorWithAttributes() throws {
        let plain = try read(state(with: "t", tensorOfType("Tensor", in: "torch")))
        #expect(try plain.floats("t") == [1.5])
        let other = try read(state(with: "t", tensorOfType("Scaled", in: "library")))
        #expect(other.unread == ["t": "an object made by library.Scaled"])
    }

    // MARK: Entries that are no weights

    private static func otherStorage(
        _ type: String, in module: String = "torch"
    ) -> PickleAssembler {
        PickleAssembler().op(.mark).text("storage").global(module, type).text("1").text("cpu")
            .integer(2).op(.tuple, .persistentID)
    }

    private static func otherTensor(_ type: String) -> PickleAssembler {
        PickleAssembler().global("torch._utils", "_rebuild_tensor_v2").op(.mark)
            .pushing(otherStorage(type)).integer(0).tuple([2]).tuple([1])
            .op(.newFalse, .none, .tuple, .reduce)
    }

    private static let typed = PickleAssembler().global("torch._utils", "_rebuild_tensor_v3")
        .op(.mark).pushing(otherStorage("UntypedStorage", in: "torch.storage")).integer(0)
        .tuple([1]).tuple([1]).op(.newFalse, .none).global("torch", "uint16").op(.tuple, .reduce)

    static let entries = [
        (otherTensor("BoolStorage"), "a tensor of torch.BoolStorage"),
        (otherTensor("IntStorage"), "a tensor of torch.IntStorage"),
        (otherTensor("ByteStorage"), "a tensor of torch.ByteStorage"),
        (typed, "a tensor of torch.uint16"),
        (PickleAssembler().op(.none), "None"),
        (PickleAssembler().integer(3), "the integer 3"),
    ]

    @Test(arguments: entries) func anEntryThatIsNoWeight(
        entry: PickleAssembler, description: String
    ) throws {
        let checkpoint = try read(state(with: "mask", entry))
        #expect(checkpoint.unread == ["mask": description])
        let (weights, unused, _) = try checkpoint.weights(
            matching: [ExpectedTensor(name: "w", shape: [4])])
        #expect(weights["w"] == [1.5, -2, 3.25, 4])
        #expect(unused == ["mask"])
        expectFlaw(.mismatch, "wrong type: mask, expected floating point, found \(description)") {
            _ = try checkpoint.weights(matching: [ExpectedTensor(name: "mask", shape: [2])])
        }
    }

    @Test func whatIsNotReadIsNotRun() throws {
        let checkpoint = try Checkpoint.read(path: fixture("forbidden.pth"))
        #expect(checkpoint.names == ["weight"])
        #expect(checkpoint.unread["evil"]?.hasPrefix("an object made by") == true)
        let integers = try Checkpoint.read(path: fixture("int32.pth"))
        #expect(integers.unread == ["index": "a tensor of torch.IntStorage"])
    }

    // MARK: Beside the model

    static let neighbours: [(String, PickleAssembler)] = [
        ("array", PickleAssembler().op(.bytes).raw([0, 0, 32, 0] + zeros(1 << 21))),
        ("array, protocol 2", PickleAssembler().text(String(repeating: "\u{80}", count: 1 << 20))),
        ("random state", PickleAssembler().op(.long1).raw([17] + zeros(17))),
        ("large integer", PickleAssembler().op(.long4).raw([44, 1, 0, 0] + zeros(300))),
        (
            "scalar",
            PickleAssembler().global("numpy.core.multiarray", "scalar").global("numpy", "dtype")
                .text("f8").op(.tuple1, .reduce).op(.shortBytes).raw([8] + zeros(8))
                .op(.tuple2, .reduce)
        ),
        (
            "member of a nested enumeration",
            PickleAssembler().global("__builtin__", "getattr").global("a", "Outer").text("Inner")
                .op(.tuple2, .reduce).integer(1).op(.tuple1, .reduce)
        ),
        ("half surrogate", PickleAssembler().op(.unicode).raw([3, 0, 0, 0, 0xed, 0xa0, 0x80])),
        ("bytes of Python 2", PickleAssembler().op(.string).raw([2, 0, 0, 0, 0xff, 0xfe])),
        ("byte array", PickleAssembler().op(.byteArray8).raw([3] + zeros(7) + [1, 2, 3])),
        ("frozen set", PickleAssembler().op(.mark, .none, .frozenSet)),
        ("recursive tuple", PickleAssembler().op(.mark, .none, .popMark, .none, .none, .pop)),
        (
            "keywords",
            PickleAssembler().global("a", "B")
                .op(.emptyTuple, .emptyDictionary, .newObjectWithKeywords)
        ),
        (
            "class with its source",
            PickleAssembler().op(.mark).text("module").global("a", "B").text("a.py").text("class B")
                .op(.tuple, .persistentID, .emptyTuple, .reduce)
        ),
    ]

    private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

    @Test(arguments: neighbours)
    func besideTheModel(_: String, neighbour: PickleAssembler) throws {
        let pickle = PickleAssembler().op(.emptyDictionary, .mark).text("model").state(2)
            .text("beside").pushing(neighbour).op(.setItems)
        #expect(try read(pickle).floats("w") == [3.25])
    }
}
