import Graphs
import Testing

/// Sizes of maps that follow from the input's.
@Suite struct MapRuleTests {
    /// Strides behind one another, rounded up and down, are one rule: for every side.
    @Test func rulesGiveWhatDivisionsGive() throws {
        let ways: [[(stride: Int, isUp: Bool)]] = [
            [(4, true)], [(4, true), (2, false), (2, false)], [(4, true), (8, false), (2, true)],
            [(3, true), (2, true), (5, false), (1, true)], [(2, false), (2, true), (7, true)],
        ]
        func walk(_ map: Resolution, _ way: [(stride: Int, isUp: Bool)]) -> Resolution {
            way.reduce(map) {
                $1.isUp ? $0.dividedRoundingUp(by: $1.stride) : $0.divided(by: $1.stride)
            }
        }
        for way in ways {
            let rule = try #require(walk(Resolution(.ade20k), way).rules.first)
            for side in 1...2048 {
                let expected = walk(Resolution(height: side, width: 3 * side), way)
                #expect(rule.side(side) == expected.height)
                #expect(rule.side(3 * side) == expected.width)
            }
        }
    }

    @Test func enlargedMapsFollow() throws {
        let map = Resolution(.ade20k).dividedRoundingUp(by: 4).divided(by: 8).multiplied(by: 2)
        #expect(map.rules[0].side(683) == 2 * (171 / 8))
        #expect(map.height == 2 * (128 / 8))
    }

    /// A map of any size is what its rule says, whatever size it has for now.
    @Test func rulesCountAndNotSizes() throws {
        let one = Resolution(.coco)
        let other = Resolution(.coco, as: Resolution(height: 800, width: 1056))
        #expect(one == other)
        #expect(Set([one, other]).count == 1)
        #expect(one != one.fixed)
        #expect(one.divided(by: 2) == other.divided(by: 2))
        #expect(one.divided(by: 2) != one.dividedRoundingUp(by: 2))
        #expect(TokenCount(one) == TokenCount(other))
        #expect(Resolution(height: 2, width: 3) != Resolution(height: 3, width: 2))
    }

    @Test func stacksKeepTheirMaps() throws {
        let levels = [8, 16, 32].map { Resolution(.coco).dividedRoundingUp(by: $0) }
        let stack = Resolution(stacking: levels)
        #expect(stack.count == levels.reduce(0) { $0 + $1.count })
        #expect(stack.rules == levels.flatMap(\.rules))
        #expect(!Resolution(stacking: levels.map(\.fixed)).isFlexible)
    }

    /// Those that the recipes' resizing and padding gives to pictures of every form, and no others.
    @Test(arguments: InputRule.allCases) func recipesHoldTheirSizes(rule: InputRule) throws {
        var sizes: Set<Resolution> = []
        let long = rule == .coco ? 1333.0 : 2048.0
        for width in 1...1500 {
            for height in [37, 300, 480, 517, 1000, 1499] {
                let (longer, shorter) = (Double(max(width, height)), Double(min(width, height)))
                let scale = min(long / longer, Double(rule.shortSide) / shorter)
                func side(_ side: Int) -> Int {
                    max(1, Int(Double(side) * scale + 0.5)).rounded(upTo: rule.unit)
                }
                sizes.insert(Resolution(height: side(height), width: side(width)))
            }
        }
        let wide = sizes.filter { min($0.height, $0.width) >= rule.leastSide }
        #expect(wide.allSatisfy { rule.holds($0) })
        #expect(rule.holds(rule.usual) && rule.samples.allSatisfy { rule.holds($0) })
        let all = (1...rule.longSide).flatMap { height in
            [(height, rule.shortSide), (height, rule.longSide)].flatMap {
                [Resolution(height: $0.0, width: $0.1), Resolution(height: $0.1, width: $0.0)]
            }
        }.filter { rule.holds($0) }
        #expect(Set(all).count == (rule == .coco ? 83 : 4033))
        for size in all {
            #expect(
                rule.largest.contains { size.height <= $0.height && size.width <= $0.width })
        }
    }
}
