import Foundation
import Graphs
import Kernels
import Machines
import Networks
import Planning
import TestFixtures
import Testing

/// Plans as files: what the planner writes is read back, and nothing else is accepted.
@Suite struct PlanFileTests {
    @Test func plansOfOneNetworkAreEqual() throws {
        for network in try Sample.networks() {
            let (first, second) = (try network.plan(), try network.plan())
            #expect(first == second)
            #expect(first.json == second.json)
        }
    }

    @Test(arguments: ISA.all) func ownPlansAreReadBack(isa: ISA) throws {
        for network in try Sample.networks() {
            let plan = try network.plan(isa, maxBatch: 3)
            #expect(try plan.reread() == plan)
        }
    }

    @Test func plansOfSeveralResolutionsAreReadBack() throws {
        let sizes = [(60, 44), (128, 96), (13, 14)].map { Resolution(height: $0.0, width: $0.1) }
        let plan = try Planner(Sample.backbone(), Target(isa: .avx2), resolutions: sizes).plan()
        #expect(plan.resolutions == sizes)
        #expect(try plan.reread() == plan)
    }

    /// However the text is laid out.
    @Test func anotherOrderOfKeysIsTheSamePlan() throws {
        let plan = try Sample.tiny().plan()
        #expect(try Plan(json: JSONValue(text: plan.json).data) == plan)
    }

    /// Every number that is changed makes the plan invalid, or was free: a schedule, the batch, and
    /// what a network says of itself alone: shares that are cut to whole heads or channels, and the
    /// factor of q·kᵀ.
    @Test(arguments: [try Sample.tiny(qkScale: 0.3), try Sample.layer()])
    func changedNumbersAreRejected(network: Network) throws {
        let tree = try JSONValue(text: try network.plan().json)
        var changes = 0
        for path in TestScope.sample(tree.numberPaths, of: 3) {
            for number in try #require(tree[path]).changes {
                changes += 1
                let changed = try tree.replacing(path, with: number).data
                guard let plan = try? Plan(json: changed) else { continue }
                #expect(path.isFree, "\(path.joined(separator: ".")): \(number) is accepted")
                try expectLegal(plan)
            }
        }
        #expect(changes > (TestScope.isLong ? 250 : 80))
    }

    /// A schedule that passes fits the registers.
    private func expectLegal(_ plan: Plan) throws {
        for variant in plan.variants {
            for kernel in variant.kernels { try kernel.check(on: variant.isa) }
        }
    }

    @Test(arguments: ["format", "formatVersion"]) func otherVersionsAreRefused(key: String) throws {
        guard case .object(var values) = try JSONValue(text: try Sample.tiny().plan().json) else {
            throw PlanError("a plan is an object")
        }
        values["format"] = nil
        values[key] = .integer(99)
        let newer = try JSONValue.object(values).data
        let error = #expect(throws: PlanError.self) { try Plan(json: newer) }
        let text = error?.description ?? ""
        #expect(text.contains("format version 99"))
        #expect(text.contains("reads \(Plan.formatVersion)"))
        #expect(text.contains("generate it again"))
    }

    @Test(arguments: ["", "[]", "{}", "{\"format\": 4}", "{\"format\": \"4\"}", "plan"])
    func otherTextsAreRefused(text: String) {
        let error = #expect(throws: PlanError.self) { try Plan(json: Data(text.utf8)) }
        #expect(error?.description.hasPrefix("not a plan:") == true)
    }

    @Test(arguments: [
        (["target", "isas", "0"], "no instruction set 'new' is known; there are generic, avx2"),
        (["network", "family"], "no network family 'new' is known; there are litv2, hilo"),
        (["variants", "0", "kernels", "0", "family"], "no kernel family 'new' is known"),
    ]) func unknownNamesAreRefused(path: [String], expected: String) throws {
        let tree = try JSONValue(text: try Sample.tiny().plan().json)
        try #require(tree[path] != nil)
        let changed = try tree.replacing(path, with: .string("new")).data
        let error = #expect(throws: PlanError.self) { try Plan(json: changed) }
        #expect(error?.description.hasPrefix("not a plan: \(expected)") == true)
    }

    @Test func impossibleNetworksAreRefusedAsSuch() throws {
        let tree = try JSONValue(text: try Sample.layer().plan().json)
        let path = ["network", "network", "dim"]
        try #require(tree[path] != nil)
        let broken = try tree.replacing(path, with: .integer(-3)).data
        #expect(throws: NetworkError.self) { try Plan(json: broken) }
    }

    @Test(arguments: [
        ["variants", "0", "passes", "0", "steps"], ["variants", "0", "passes"],
        ["variants", "0", "kernels"], ["variants"], ["weights"], ["resolutions"],
        ["target", "isas"],
    ]) func missingPartsAreRejected(path: [String]) throws {
        let tree = try JSONValue(text: try Sample.tiny().plan().json)
        guard case .array(let values)? = tree[path] else {
            Issue.record("\(path) is no array")
            return
        }
        let shorter = try tree.replacing(path, with: .array(values.dropLast())).data
        #expect(throws: PlanError.self) { try Plan(json: shorter) }
    }
}

extension JSONValue {
    /// Other values for a number: near, of the other sign, and so large that sums overflow.
    fileprivate var changes: [JSONValue] {
        switch self {
        case .integer(let value):
            [value + 1, 0, -value - 1, .max]
                .filter { $0 != value }.map { .integer($0) }
        case .number(let value): [.number(value * 1.01), .number(-value), .number(1e300)]
        case .string(let text): text.withOneNumberRaised.map { .string($0) }
        default: []
        }
    }
}

extension String {
    /// The text with each of its numbers, one at a time, one higher.
    fileprivate var withOneNumberRaised: [String] {
        matches(of: /\d+/).map { match in
            var text = self
            text.replaceSubrange(match.range, with: String((Int(match.output) ?? 0) + 1))
            return text
        }
    }
}

extension JSONValue.Path {
    /// Whether a plan may hold another number here and still be one.
    fileprivate var isFree: Bool {
        dropLast().last == "schedule"
            || ["maxBatch", "alpha", "mlpRatio", "qkScale"].contains(last)
    }
}
