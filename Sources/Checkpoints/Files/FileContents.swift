/// What a reader found in a file.
struct FileContents {
    var records: [TensorRecord] = []
    var metadata: [String: String] = [:]
    /// What entries are that cannot be weights, by name.
    var unread: [String: String] = [:]
    var configuration: ConfigurationValue?
    var training: ConfigurationValue?
    var opaqueGlobals: Set<String> = []
    /// Where the tensors were in a torch file, and where else there are some.
    var stateDictionary: String?
    var stateDictionaries: [String] = []
}

extension FileContents {
    init(_ state: StateDictionary, records: [TensorRecord], graph: PickleGraph) {
        self.records = records
        unread = state.unread
        configuration = state.configuration
        training = state.training
        opaqueGlobals = graph.opaqueGlobals
        stateDictionary = state.name
        stateDictionaries = state.available
    }
}
