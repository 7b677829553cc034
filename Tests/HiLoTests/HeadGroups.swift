import Foundation
import HiLoKit
import TestFixtures

/// Cases that are one network at one or several resolutions, and the library that serves them.
struct HeadGroup {
    let id: String
    let era: Era
    let convolutions: ConvolutionChoice
    let cases: [HeadNetworkCase]
    let plan: Plan
    /// Of the library's outputs, in the fixtures.
    let names: [String?]

    /// - Parameters:
    ///   - cases: of any networks.
    ///   - probed: whether libraries return their maps too.
    static func all(
        _ cases: [HeadNetworkCase], era: Era, isa: ISA,
        convolutions: ConvolutionChoice = .automatic, probed: Bool
    ) throws -> [HeadGroup] {
        var groups: [(network: Network, cases: [HeadNetworkCase])] = []
        for item in cases {
            let network = try item.network(era: era, convolutions: convolutions)
            let index = try groups.firstIndex {
                try network.at($0.network.resolution) == $0.network
            }
            if let index {
                groups[index].cases.append(item)
            } else {
                groups.append((network, [item]))
            }
        }
        return try groups.map { network, cases in
            let (whole, names) = probed ? network.probed : (network, [])
            let plan = try Planner(
                whole, Target(isa: isa, maxBatch: 2), resolutions: resolutions(of: cases)
            ).plan()
            return HeadGroup(
                id: "\(cases[0].id)_era\(era.rawValue)_\(convolutions.rawValue)", era: era,
                convolutions: convolutions, cases: cases, plan: plan, names: names)
        }
    }

    private static func resolutions(of cases: [HeadNetworkCase]) -> [Resolution] {
        cases.map(\.resolution).reduce(into: []) { all, resolution in
            if !all.contains(resolution) { all.append(resolution) }
        }
    }
}

extension LibraryFarm {
    static func grow(_ groups: [HeadGroup], isa: ISA) async throws -> LibraryFarm {
        try await grow(groups.map { ($0.id, $0.plan) }, isa: isa)
    }

    /// Every case with its library and weights.
    func visit(
        _ groups: [HeadGroup], _ fixture: Fixture<HeadCase>,
        _ body: (HeadGroup, HeadNetworkCase, LoadedLibrary) throws -> Void
    ) throws {
        for group in groups {
            for item in group.cases {
                let values = try item.weights(fixture)
                try with(group.id, group.plan, values: values) { try body(group, item, $0) }
            }
        }
    }
}
