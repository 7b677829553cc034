/// Names of Arm cores. Linux gives numbers instead: who made a core, and which one it is.
enum ArmCores {
    /// Every kind of core in the fields of `/proc/cpuinfo`, in order, such as
    /// `Cortex-A55, Cortex-A76`; nil where they name none.
    static func model(_ fields: [(String, String)]) -> String? {
        var maker = ""
        var kinds: [String] = []
        for (field, value) in fields {
            if field == "CPU implementer" { maker = value }
            guard field == "CPU part" else { continue }
            let kind = names[maker]?[value] ?? "implementer \(maker) part \(value)"
            if !kinds.contains(kind) { kinds.append(kind) }
        }
        return kinds.isEmpty ? nil : kinds.joined(separator: ", ")
    }

    /// By implementer and part.
    private static let names: [String: [String: String]] = [
        "0x41": [
            "0xd03": "Cortex-A53", "0xd05": "Cortex-A55", "0xd07": "Cortex-A57",
            "0xd08": "Cortex-A72", "0xd09": "Cortex-A73", "0xd0a": "Cortex-A75",
            "0xd0b": "Cortex-A76", "0xd0d": "Cortex-A77", "0xd41": "Cortex-A78",
            "0xd44": "Cortex-X1", "0xd46": "Cortex-A510", "0xd47": "Cortex-A710",
            "0xd48": "Cortex-X2", "0xd0c": "Neoverse-N1", "0xd40": "Neoverse-V1",
            "0xd49": "Neoverse-N2", "0xd4f": "Neoverse-V2", "0xd84": "Neoverse-V3",
            "0xd8e": "Neoverse-N3",
        ],
        "0x46": ["0x001": "A64FX"],
        "0x48": ["0xd01": "Kunpeng 920"],
        "0x61": [
            "0x022": "Apple M1 Icestorm", "0x023": "Apple M1 Firestorm",
            "0x032": "Apple M2 Blizzard", "0x033": "Apple M2 Avalanche",
        ],
        "0xc0": ["0xac3": "Ampere-1", "0xac4": "Ampere-1a"],
    ]
}
