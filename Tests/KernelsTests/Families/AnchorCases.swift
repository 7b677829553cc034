import Graphs
import Kernels
import TestFixtures

/// Levels of odd sizes, of which some have fewer items than are wanted, both eras, with and without
/// a threshold.
private func rules(
    _ random: inout SeededGenerator, thresholds: [Double?], classes: [Int], overlap: Double
) -> [AnchorRule] {
    func levels(_ count: Int, _ side: Int) -> [PyramidLevel] {
        let first = Resolution(height: random.odd(3...side), width: random.odd(3...side))
        return (0..<count).map {
            PyramidLevel(map: first.dividedRoundingUp(by: 1 << $0), stride: 4 << $0)
        }
    }
    return Era.allCases.flatMap { era in
        classes.flatMap { classes in
            thresholds.map { threshold in
                AnchorRule(
                    era: era, levels: levels(random.int(1...4), 25),
                    scales: Array([4, 5.039684199579493, 6.35].prefix(random.int(1...3))),
                    classes: classes, scoreThreshold: threshold, overlap: overlap,
                    candidates: random.int(1...150), most: random.int(1...50))
            }
        }
    }
}

/// A level of more than one chunk, whose slots are full.
private func large(_ era: Era) -> AnchorRule {
    AnchorRule(
        era: era,
        levels: [
            PyramidLevel(map: Resolution(height: 39, width: 41), stride: 8),
            PyramidLevel(map: Resolution(height: 12, width: 9), stride: 16),
        ], scales: [4, 5, 6.5], classes: 80, scoreThreshold: 0.05, overlap: 0.5, candidates: 1000,
        most: 100)
}

private func input(_ rule: AnchorRule) -> Resolution {
    let first = rule.levels[0]
    return Resolution(
        height: first.stride * first.map.height - 1, width: first.stride * first.map.width - 3)
}

enum CandidateSelectionCases: FamilyCases {
    typealias Family = CandidateSelection

    static func specs(_ random: inout SeededGenerator) -> [CandidateSelection.Spec] {
        let drawn = rules(
            &random, thresholds: [nil, 0.05, 0.3], classes: [1, 3, 20, 37], overlap: 0.5)
        return (drawn + Era.allCases.map(large)).map { CandidateSelection.Spec(rule: $0) }
    }
}

enum ProposalSelectionCases: FamilyCases {
    typealias Family = ProposalSelection

    static func specs(_ random: inout SeededGenerator) -> [ProposalSelection.Spec] {
        // Boxes of different levels overlap by more than the smaller one.
        [0.7, 0.2].flatMap { overlap in
            rules(&random, thresholds: [nil, nil], classes: [1], overlap: overlap)
        }.map { ProposalSelection.Spec(rule: $0, input: input($0)) }
    }
}

enum AnchorDetectionCases: FamilyCases {
    typealias Family = AnchorDetection

    static func specs(_ random: inout SeededGenerator) -> [AnchorDetection.Spec] {
        let drawn = rules(&random, thresholds: [0.05, 0.3], classes: [1, 3, 20], overlap: 0.5)
        return (drawn + Era.allCases.map(large)).map {
            AnchorDetection.Spec(rule: $0, input: input($0))
        }
    }
}

/// Few and many classes; with few of them a proposal that counts as padding has a score above the
/// threshold.
enum RegionDetectionCases: FamilyCases {
    typealias Family = RegionDetection

    static func specs(_ random: inout SeededGenerator) -> [RegionDetection.Spec] {
        Era.allCases.flatMap { era in
            [(1, 30), (3, 57), (80, 200)].map { classes, proposals in
                RegionDetection.Spec(
                    rule: RegionRule(
                        era: era, proposals: proposals, classes: classes, overlap: 0.5,
                        most: random.int(5...60)),
                    input: Resolution(height: random.odd(50...400), width: random.odd(50...400)))
            }
        }
    }
}
