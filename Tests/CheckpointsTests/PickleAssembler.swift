import Foundation

@testable import Checkpoints

/// Writes pickles by hand, hostile ones included.
struct PickleAssembler {
    private(set) var data = Data([0x80, 2])

    func op(_ opcodes: PickleOpcode...) -> Self { raw(opcodes.map(\.rawValue)) }

    func raw(_ bytes: [UInt8]) -> Self {
        var copy = self
        copy.data += bytes
        return copy
    }

    func text(_ text: String) -> Self {
        op(.unicode).raw(Array(Data(littleEndian: UInt32(text.utf8.count)))).raw(Array(text.utf8))
    }

    func integer(_ value: Int) -> Self {
        op(.long1).raw([8]).raw(Array(Data(littleEndian: Int64(value))))
    }

    func global(_ module: String, _ name: String) -> Self {
        op(.global).raw(Array("\(module)\n\(name)\n".utf8))
    }

    func put(_ index: UInt8) -> Self { op(.put8).raw([index]) }
    func get(_ index: UInt8) -> Self { op(.get8).raw([index]) }

    func tuple(_ values: [Int]) -> Self {
        values.reduce(op(.mark)) { $0.integer($1) }.op(.tuple)
    }

    /// Pushes a float32 storage.
    func storage(key: String = "0", count: Int) -> Self {
        op(.mark).text("storage").global("torch", "FloatStorage").text(key).text("cpu")
            .integer(count).op(.tuple, .persistentID)
    }

    /// Pushes a float32 tensor.
    func tensor(shape: [Int], strides: [Int], offset: Int = 0, count: Int) -> Self {
        global("torch._utils", "_rebuild_tensor_v2").op(.mark).storage(count: count)
            .integer(offset).tuple(shape).tuple(strides)
            .op(.newFalse, .none, .tuple, .reduce)
    }

    /// Pushes a state_dict whose only tensor, `w`, is one element of the storage.
    func state(_ offset: Int) -> Self {
        op(.emptyDictionary).text("w").tensor(shape: [1], strides: [1], offset: offset, count: 4)
            .op(.setItem)
    }

    /// Goes on with what another pickle pushes.
    func pushing(_ other: PickleAssembler) -> Self { raw(Array(other.data.dropFirst(2))) }

    /// A whole legacy checkpoint around this object.
    func file(keys: [String] = [], storages: Data = Data()) -> Data {
        let magic = PickleAssembler().op(.long1).raw([10]).raw(TorchLegacy.magic)
        let version = PickleAssembler().integer(1001)
        let system = PickleAssembler().op(.emptyDictionary)
        let list = keys.reduce(PickleAssembler().op(.emptyList, .mark)) { $0.text($1) }.op(.appends)
        return [magic, version, system, self, list].map { $0.op(.stop).data }.reduce(Data(), +)
            + storages
    }
}

extension Data {
    /// A storage of a legacy file: element count and elements.
    init(storage values: [Float]) {
        self = values.reduce(Data(littleEndian: Int64(values.count))) {
            $0 + Data(littleEndian: $1.bitPattern)
        }
    }
}
