import Foundation
import Testing

@testable import Checkpoints

/// Where training checkpoints keep their weights.
@Suite struct StateDictionaryTests {
    /// The element that a state_dict takes tells which one was read.
    private let storage = Data(storage: [1.5, -2, 3.25, 4])

    private func file(_ pickle: PickleAssembler) -> Data {
        pickle.file(keys: ["0"], storages: storage)
    }

    @Test(arguments: [
        "model", "state_dict", "model_state_dict", "net", "module", "state_dict_ema", "model_ema",
        "generator",
    ])
    func everyPlace(name: String) throws {
        let pickle = PickleAssembler().op(.emptyDictionary).text(name).state(0).op(.setItem)
        let checkpoint = try read(file(pickle))
        #expect(try checkpoint.floats("w") == [1.5])
        #expect(checkpoint.stateDictionary == name)
        #expect(checkpoint.stateDictionaries == [name])
    }

    @Test func theNameOfTheModelIsNoModel() throws {
        let pickle = PickleAssembler().op(.emptyDictionary, .mark).text("model").text("litv2_s")
            .text("state_dict").state(1).op(.setItems)
        #expect(try read(file(pickle)).floats("w") == [-2])
    }

    @Test func withinEachOther() throws {
        let pickle = PickleAssembler().op(.emptyDictionary).text("model")
            .op(.emptyDictionary).text("state_dict").state(2).op(.setItem, .setItem)
        let checkpoint = try read(file(pickle))
        #expect(try checkpoint.floats("w") == [3.25])
        #expect(checkpoint.stateDictionary == "model.state_dict")
    }

    @Test func severalAreTakenInOrderOrByChoice() throws {
        let pickle = PickleAssembler().op(.emptyDictionary, .mark).text("generator").state(2)
            .text("model_ema").state(1).text("state_dict").state(0).op(.setItems)
        let checkpoint = try read(file(pickle))
        #expect(try checkpoint.floats("w") == [1.5])
        #expect(checkpoint.stateDictionary == "state_dict")
        #expect(checkpoint.stateDictionaries == ["state_dict", "model_ema", "generator"])
        #expect(try read(file(pickle), stateDict: "model_ema").floats("w") == [-2])
        #expect(try read(file(pickle), stateDict: "generator").floats("w") == [3.25])
        expectFlaw(.unsupported, "'ema'", "one of state_dict, model_ema, generator") {
            _ = try read(file(pickle), stateDict: "ema")
        }
        expectFlaw(.mismatch, "other state_dicts: model_ema, generator") {
            _ = try checkpoint.weights(matching: [ExpectedTensor(name: "v", shape: [1])])
        }
    }

    @Test func dictionariesThatHoldEachOther() throws {
        let pickle = PickleAssembler().op(.emptyDictionary).put(0)
            .text("model").get(0).op(.setItem).text("net").state(3).op(.setItem)
        #expect(try read(file(pickle)).floats("w") == [4])
    }

    @Test func anObjectInPlaceOfTheModel() {
        let pickle = PickleAssembler().op(.emptyDictionary).text("model")
            .global("os", "system").text("rm").op(.tuple1, .reduce, .setItem)
        expectFlaw(.unsupported, "its 'model' is an object made by os.system") {
            _ = try read(pickle.file())
        }
    }

    @Test func safetensorsHaveNoChoice() throws {
        let data = try fixtureData("training.safetensors")
        expectFlaw(.unsupported, "no state_dict named 'model'") {
            _ = try read(data, stateDict: "model")
        }
    }
}
