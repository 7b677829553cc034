import Foundation
import HiLoKit
import TestFixtures

@testable import Tuning

/// Every kernel with a choice, in little time.
func tinyNetwork(name: String = "tiny") throws -> Network {
    Network(try tinyLITv2(name: name, Classifier(classes: 7)))
}

/// The same with another end.
func tinyLITv2(name: String = "tiny", _ end: any NetworkPart) throws -> LITv2 {
    try Sample.twoStages(name: name, height: 32, width: 48, end)
}

/// Wide enough for several panels of weights.
func largerNetwork() throws -> Network {
    Network(
        try HiLo(name: "layer", dim: 192, heads: 6, window: 2, alpha: 0.5, height: 14, width: 14))
}

extension Setting {
    /// Two threads, an image a call.
    static func two(_ isa: ISA) -> Setting {
        Setting(machine: MachineModel(isa: isa, cores: 2), batch: 1, maxBatch: 8)
    }
}

extension Plan {
    /// What its text says.
    func reread() throws -> Plan { try Plan(json: Data(json.utf8)) }
}
