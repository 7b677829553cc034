import Graphs
import Testing

@testable import Networks

/// Parameters and multiply-accumulates as the authors publish them, and as their script and its parts print
/// them.
@Suite struct HeadCountTests {
    struct Row: Sendable {
        let preset: Preset
        let task: HeadOptions.Task
        let parameters: Int
        /// GMAC of the authors' script, windows of 2 and of 4 tokens.
        let script: [Double]
        /// GMAC of all products, likewise.
        var products: [Double] = []
    }

    static let table = [
        Row(
            preset: .small, task: .detect, parameters: 38_014_252, script: [242.39, 230.42],
            products: [245.57, 233.60]),
        Row(preset: .medium, task: .detect, parameters: 59_000_620, script: [348.09, 312.18]),
        Row(preset: .base, task: .detect, parameters: 97_139_852, script: [481.09, 429.56]),
        Row(
            preset: .small, task: .instances, parameters: 47_350_056, script: [261.36, 249.39],
            products: [264.50, 252.53]),
        Row(preset: .medium, task: .instances, parameters: 68_336_424, script: [367.05, 331.15]),
        Row(preset: .base, task: .instances, parameters: 105_894_024, script: [500.43, 448.90]),
        Row(
            preset: .small, task: .segment, parameters: 31_449_486, script: [41.30],
            products: [42.11]),
        Row(preset: .medium, task: .segment, parameters: 52_435_854, script: [62.51]),
        Row(preset: .base, task: .segment, parameters: 89_993_518, script: [92.95]),
    ]

    private func network(
        _ preset: Preset, _ task: HeadOptions.Task, window: Int, _ height: Int, _ width: Int
    ) throws -> any HeadNetwork {
        var options = ModelOptions()
        options.head = HeadOptions(task)
        let backbone = try preset.network(
            resolution: Resolution(height: height, width: width), window: window,
            features: FeatureMaps())
        return try #require(backbone.network(options).base as? any HeadNetwork)
    }

    /// The script's input has 1280 rows and 800 columns; published are two decimals.
    @Test(arguments: table) func countsAsTheAuthorsDo(row: Row) throws {
        for (index, window) in [2, 4].enumerated() {
            let isSegmenter = row.task == .segment
            let network = try network(
                row.preset, row.task, window: window, isSegmenter ? 512 : 1280,
                isSegmenter ? 512 : 800)
            #expect(Network(network).parameterCount == row.parameters)
            let costs = network.costs
            #expect(costs.reduce(0) { $0 + $1.parameters } == row.parameters)
            if row.script.indices.contains(index) {
                #expect(gigas(costs.reduce(0) { $0 + $1.macs }, 2) == row.script[index])
                #expect(Network(network).macs == costs.reduce(0) { $0 + $1.macs })
            }
            if row.products.indices.contains(index) {
                let products = network.costs(.products).reduce(0) { $0 + $1.macs }
                #expect(gigas(products, 2) == row.products[index])
            }
        }
    }

    private func gigas(_ macs: Int, _ digits: Int) -> Double {
        let unit = digits == 2 ? 100.0 : 10.0
        return (Double(macs) / 1e9 * unit).rounded() / unit
    }

    struct Part: Sendable {
        let task: HeadOptions.Task
        let preset: Preset
        let name: String
        let parameters: Int
    }

    static let parts = [
        Part(task: .detect, preset: .small, name: "neck.", parameters: 4_474_880),
        Part(task: .detect, preset: .base, name: "neck.", parameters: 5_179_392),
        Part(task: .detect, preset: .small, name: "bbox_head.", parameters: 6_463_220),
        Part(task: .instances, preset: .small, name: "neck.", parameters: 2_729_984),
        Part(task: .instances, preset: .base, name: "neck.", parameters: 2_852_864),
        Part(task: .instances, preset: .base, name: "rpn_head.", parameters: 593_935),
        Part(
            task: .instances, preset: .small, name: "roi_head.bbox_head.", parameters: 14_306_705),
        Part(
            task: .instances, preset: .small, name: "roi_head.mask_head.", parameters: 2_643_280),
        Part(task: .segment, preset: .small, name: "decode_head.", parameters: 1_643_158),
    ]

    @Test(arguments: parts) func partsHaveSoManyParameters(part: Part) throws {
        let network = try network(part.preset, part.task, window: 2, 64, 64)
        #expect(network.parameters.learned(part.name) == part.parameters)
    }

    /// Products of the parts at 800×1344, in GMAC with one decimal. The specification rounds some of them up:
    /// the backbone, 99.15, is 99.2 there, and the 53.15 of proposals are 53.2.
    @Test func partsOfTheWork() throws {
        func macs(
            _ task: HeadOptions.Task, _ window: Int, _ parts: [String], side: Int? = nil
        ) throws -> Double {
            let network = try network(.small, task, window: window, side ?? 800, side ?? 1344)
            let costs = network.costs(.products).filter { parts.contains($0.part) }
            #expect(costs.count == parts.count)
            return gigas(costs.reduce(0) { $0 + $1.macs }, 1)
        }
        let backbone = ["patch embedding"] + (1...4).map { "stage \($0)" } + ["norms"]
        #expect(try macs(.detect, 2, backbone) == 99.1)
        #expect(try macs(.detect, 4, backbone) == 86.0)
        let stages = backbone.dropFirst().dropLast()
        #expect(try stages.map { try macs(.detect, 2, [$0]) } == [11.7, 11.4, 57.5, 18.3])
        #expect(try macs(.detect, 4, ["stage 3"]) == 44.3)
        #expect(try macs(.detect, 2, ["pyramid"]) == 15.0)
        #expect(try macs(.detect, 2, ["classes"]) == 90.0)
        #expect(try macs(.detect, 2, ["boxes"]) == 54.7)
        #expect(try macs(.detect, 2, ["classes", "boxes"]) == 144.7)
        #expect(try macs(.instances, 2, ["pyramid"]) == 55.7)
        #expect(try macs(.instances, 2, ["boxes"]) == 14.3)
        #expect(try macs(.instances, 2, ["masks"]) == 53.0)
        #expect(try macs(.segment, 2, backbone, side: 512) == 20.4)
        #expect(try macs(.segment, 2, ["pyramid"], side: 512) == 13.6)
        #expect(try macs(.segment, 2, ["segmentation"], side: 512) == 8.1)
    }
}
