import Foundation
import Testing

@testable import Checkpoints

/// Hand-written pickles in legacy files: what is read, what is refused, what stays bounded.
@Suite struct PickleTests {
    private func stateDict(_ body: (PickleAssembler) -> PickleAssembler) -> PickleAssembler {
        body(PickleAssembler().op(.emptyDictionary).text("w")).op(.setItem)
    }

    private let storage = Data(storage: [1.5, -2, 3.25, 4])

    @Test func handWrittenTensor() throws {
        let pickle = stateDict { $0.tensor(shape: [2, 2], strides: [1, 2], count: 4) }
        let checkpoint = try read(pickle.file(keys: ["0"], storages: storage))
        #expect(try checkpoint.floats("w") == [1.5, 3.25, -2, 4])
    }

    @Test(arguments: [
        ([5], [1], 0), ([2], [1], 3), ([2, 2], [3, 1], 0), ([2], [4], 0), ([1], [1], 4),
        ([2], [.max], 1), ([.max, .max], [1, 1], 0), ([.max], [0], 0), ([2], [-1], 1),
        ([-1], [1], 0), ([1], [1], -1), ([1], [1], .max), ([2, 2], [1], 0),
    ])
    func tensorOutsideItsStorage(shape: [Int], strides: [Int], offset: Int) {
        let pickle = stateDict {
            $0.tensor(shape: shape, strides: strides, offset: offset, count: 4)
        }
        expectFlaw(.damaged, "tensor w") {
            _ = try read(pickle.file(keys: ["0"], storages: storage))
        }
    }

    @Test func hugeStrideOfSizeOneIsHarmless() throws {
        let pickle = stateDict {
            $0.tensor(shape: [2, 1, 2], strides: [1, .max, 2], count: 4)
        }
        let checkpoint = try read(pickle.file(keys: ["0"], storages: storage))
        #expect(try checkpoint.floats("w") == [1.5, 3.25, -2, 4])
    }

    @Test func emptyTensorWithHugeSizes() throws {
        let pickle = stateDict {
            $0.tensor(shape: [0, 1 << 40, 1 << 40], strides: [1, 1, 1], count: 4)
        }
        let checkpoint = try read(pickle.file(keys: ["0"], storages: storage))
        #expect(try checkpoint.floats("w") == [])
    }

    @Test func repeatedElementsMayNotUnfoldWithoutBound() {
        let pickle = stateDict { $0.tensor(shape: [1 << 20, 1 << 10], strides: [0, 0], count: 4) }
        expectFlaw(.damaged, "unfold to more than") {
            _ = try read(pickle.file(keys: ["0"], storages: storage))
        }
    }

    @Test func tooManyDimensions() {
        let ones = [Int](repeating: 1, count: 9)
        let pickle = stateDict { $0.tensor(shape: ones, strides: ones, count: 4) }
        expectFlaw(.damaged, "8 dimensions") {
            _ = try read(pickle.file(keys: ["0"], storages: storage))
        }
    }

    @Test func storageOfAnotherSize() {
        let pickle = stateDict { $0.tensor(shape: [2], strides: [1], count: 5) }
        expectFlaw(.damaged, "storage 0 has 4 elements", "expected: 5") {
            _ = try read(pickle.file(keys: ["0"], storages: storage))
        }
    }

    @Test func storageDescribedTwice() {
        let pickle = stateDict {
            $0.tensor(shape: [2], strides: [1], count: 4).op(.setItem).text("v")
                .tensor(shape: [2], strides: [1], count: 3)
        }
        expectFlaw(.damaged, "storage 0 is described in two ways") {
            _ = try read(pickle.file(keys: ["0"], storages: storage))
        }
    }

    @Test func storageKeys() {
        let pickle = stateDict { $0.tensor(shape: [2], strides: [1], count: 4) }
        expectFlaw(.damaged, "storage 0 of tensor w is missing") { _ = try read(pickle.file()) }
        expectFlaw(.damaged, "lists the storage 1") { _ = try read(pickle.file(keys: ["1"])) }
        expectFlaw(.damaged, "lists the storage 0") {
            _ = try read(pickle.file(keys: ["0", "0"], storages: storage + storage))
        }
        expectFlaw(.damaged, "followed by 1 more bytes") {
            _ = try read(pickle.file(keys: ["0"], storages: storage + [0]))
        }
    }

    @Test func nameTwice() {
        let pickle = stateDict {
            $0.tensor(shape: [2], strides: [1], count: 4).put(0).op(.setItem).text("w").get(0)
        }
        expectFlaw(.unsupported, "w occurs twice") {
            _ = try read(pickle.file(keys: ["0"], storages: storage))
        }
    }

    @Test func everyForeignEntryIsListedWhenThereIsNoTensor() {
        let pickle = PickleAssembler().op(.emptyDictionary).text("model").op(
            .emptyDictionary, .mark
        )
        .text("a").integer(3).text("b").global("os", "system").text("rm").op(.tuple1, .reduce)
        .integer(7).op(.none).text("c").global("posix", "system").op(.setItems, .setItem)
        expectFlaw(
            .unsupported, "a is the integer 3", "b is an object made by os.system",
            "the integer 7 is None", "c is the name posix.system"
        ) { _ = try read(pickle.file()) }
    }

    @Test func executionAtTheTopLevel() {
        let pickle = PickleAssembler().global("os", "system").text("rm").op(.tuple1, .reduce)
        expectFlaw(.unsupported, "os.system, which is never executed") {
            _ = try read(pickle.file())
        }
    }

    @Test func opaqueObjectsBesideTheModelAreInert() throws {
        let pickle = PickleAssembler().op(.emptyDictionary, .mark)
            .text("model").op(.emptyDictionary).text("w")
            .tensor(shape: [4], strides: [1], count: 4).op(.setItem)
            .text("optimizer").global("os", "system").text("rm").op(.tuple1, .reduce)
            .op(.emptyDictionary, .build)
            .text("config").global("a", "B").op(.emptyTuple, .newObject)
            .op(.setItems)
        let checkpoint = try read(pickle.file(keys: ["0"], storages: storage))
        #expect(checkpoint.names == ["w"])
        #expect(checkpoint.opaqueGlobals == ["a.B", "os.system"])
        #expect(checkpoint.configuration == .opaque("a.B"))
    }

    @Test(arguments: [
        ("pop from empty", PickleAssembler().op(.reduce)),
        ("pop through a mark", PickleAssembler().op(.none, .mark, .tuple1, .none, .tuple, .tuple2)),
        ("mark left", PickleAssembler().op(.mark).op(.none)),
        ("value left", PickleAssembler().op(.none, .none)),
        ("no mark", PickleAssembler().op(.none, .tuple)),
        ("unknown memo", PickleAssembler().get(3)),
        ("put nothing", PickleAssembler().put(3)),
        ("append to dict", PickleAssembler().op(.emptyDictionary, .none, .append)),
        ("item in list", PickleAssembler().op(.emptyList, .none, .none, .setItem)),
        ("odd items", PickleAssembler().op(.emptyDictionary, .mark, .none, .setItems)),
        ("call of a string", PickleAssembler().text("x").op(.emptyTuple, .reduce)),
        ("call without tuple", PickleAssembler().global("a", "b").op(.none, .reduce)),
        ("build nothing", PickleAssembler().op(.none, .none, .build)),
        ("stack global", PickleAssembler().text("os").op(.none, .stackGlobal)),
        ("persistent id", PickleAssembler().text("os").op(.persistentID)),
        (
            "parameter",
            PickleAssembler().global("torch._utils", "_rebuild_parameter")
                .op(.emptyTuple, .reduce)
        ),
        ("long integer", PickleAssembler().op(.long4).raw([0, 0, 0, 0x80])),
        ("long string", PickleAssembler().op(.unicode).raw([1, 0, 16, 0])),
        ("long bytes", PickleAssembler().op(.bytes8).raw([UInt8](repeating: 0xff, count: 8))),
        ("drop from empty", PickleAssembler().op(.pop)),
        ("drop without mark", PickleAssembler().op(.none, .popMark)),
        ("second protocol", PickleAssembler().raw([0x80, 2])),
        ("endless name", PickleAssembler().op(.global).raw([UInt8](repeating: 97, count: 2000))),
    ])
    func malformed(_: String, pickle: PickleAssembler) {
        expectFlaw(.damaged, "pickle") { _ = try read(pickle.file()) }
    }

    @Test func unknownOpcode() {
        expectFlaw(.unsupported, "opcode 0x69") {
            _ = try read(PickleAssembler().raw(Array("i".utf8)).file())
        }
    }

    @Test func integersOfEveryWidth() throws {
        let pickle = PickleAssembler().op(.emptyDictionary, .mark)
            .text("model").op(.emptyDictionary)
            .text("config").op(.emptyList, .mark)
            .op(.int8).raw([200]).op(.int16).raw([0x34, 0x12])
            .op(.int32).raw([0xfe, 0xff, 0xff, 0xff]).op(.long1).raw([0])
            .op(.long1).raw([2, 0, 0x80]).op(.long1).raw([9] + [UInt8](repeating: 1, count: 9))
            .op(.float).raw([0xc0, 4, 0, 0, 0, 0, 0, 0])
            .op(.appends, .setItems)
        let configuration = try #require(try read(pickle.file()).configuration)
        #expect(
            configuration
                == .list([
                    .integer(200), .integer(0x1234), .integer(-2), .integer(0), .integer(-0x8000),
                    .opaque("int"), .double(-2.5),
                ]))
    }

    /// Lists that hold each other 60 levels deep, twice at each: 2^60 values when unfolded.
    @Test func foldedConfigurationStaysBounded() throws {
        var pickle = PickleAssembler().op(.emptyList).put(0)
        for _ in 0..<60 {
            pickle = pickle.op(.emptyList).get(0).op(.append).get(0).op(.append).put(0)
        }
        // The inner lists stay on the stack: a tuple gathers them all.
        let body = PickleAssembler().op(.emptyDictionary, .mark)
            .text("model").op(.emptyDictionary).text("config").op(.mark)
            .raw(Array(pickle.data.dropFirst(2))).op(.tuple, .setItems)
        let configuration = try #require(try read(body.file()).configuration)
        #expect(configuration.list?.count == 61)
        #expect("\(configuration)".contains("…"))
    }

    @Test func cyclicConfigurationStaysBounded() throws {
        let pickle = PickleAssembler().op(.emptyDictionary, .mark)
            .text("model").op(.emptyDictionary)
            .text("config").op(.emptyList).put(1).get(1).op(.append).op(.setItems)
        var depth = 0
        var value = try read(pickle.file()).configuration
        while let inner = value?.list?.first { (value, depth) = (inner, depth + 1) }
        #expect(depth == ConfigurationValue.maximumDepth)
        #expect(value == .opaque("…"))
    }

    @Test func veryDeepNestingNeedsNoStack() {
        let nested = PickleAssembler().op(.emptyTuple)
            .raw([UInt8](repeating: PickleOpcode.tuple1.rawValue, count: 300_000))
        expectFlaw(.unsupported, "a tuple") { _ = try read(nested.file()) }
    }

    @Test func endlessMarksAndSets() {
        let mark = PickleOpcode.mark.rawValue
        let marks = PickleAssembler().raw([UInt8](repeating: mark, count: 1 << 20 | 1))
        expectFlaw(.unsupported, "more open marks") { _ = try read(marks.file()) }

        // A list of 2^16 values, copied into a set again and again.
        var sets = PickleAssembler().op(.emptyList).put(0).op(.mark)
            .raw([UInt8](repeating: PickleOpcode.none.rawValue, count: 1 << 16)).op(.appends)
            .global("builtins", "set").put(1)
        for _ in 0..<80 { sets = sets.get(1).get(0).op(.tuple1, .reduce).get(0).op(.none, .append) }
        expectFlaw(.unsupported, "more values") { _ = try read(sets.file()) }
    }
}
