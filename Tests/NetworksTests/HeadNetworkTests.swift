import Foundation
import Graphs
import Testing

@testable import Networks

/// Networks with heads: names, outputs, options and what they refuse.
@Suite struct HeadNetworkTests {
    static func backbone(height: Int = 203, width: Int = 150, stages count: Int = 4) throws -> LITv2
    {
        try LITv2(name: "net", height: height, width: width) {
            PatchEmbedding(channels: 8)
            Stage(depth: 1) { ConvFFN() }
            for index in 1..<count {
                TokenMerging()
                Stage(depth: 1) {
                    HiLoAttention(heads: 1 << index, window: index == count - 1 ? 1 : 2, alpha: 0.5)
                    ConvFFN()
                }
            }
            FeatureMaps()
        }
    }

    static func networks(_ backbone: LITv2) throws -> [any HeadNetwork] {
        [
            try SemanticFPN(backbone, classes: 7, channels: 16, width: 8),
            try RetinaNet(backbone, classes: 3, channels: 16, depth: 2),
            try MaskRCNN(backbone, classes: 3, channels: 16, width: 24, depth: 2),
        ]
    }

    /// Every parameter is read by the graph, and it reads nothing else.
    @Test(arguments: [2, 3, 4, 5]) func graphUsesAllParameters(stages: Int) throws {
        for network in try Self.networks(Self.backbone(stages: stages)) {
            let names = Set(network.parameters.map(\.name))
            #expect(names.count == network.parameters.count)
            let learned = network.parameters.filter { !$0.isStatistic }.map(\.name)
            #expect(network.graph.parameters == Set(learned))
        }
    }

    private static func layersOnProposals(_ network: any HeadNetwork) -> [String] {
        network is MaskRCNN ? ["roi_head.bbox_head.shared_fcs", "roi_head.bbox_head"] : []
    }

    /// What narrower precisions change lies in front of the maps that heads read, with the same parameters; behind
    /// them there are only the products of bf16 on each proposal.
    @Test func pyramidsHaveAllThatCanBeNarrow() throws {
        for network in try Self.networks(Self.backbone()) {
            let pyramid = try #require(network.pyramid)
            let whole = Network(network)
            #expect(pyramid.quantisable.map(\.name) == whole.quantisable.map(\.name))
            #expect(pyramid.quantisableLayers == whole.quantisableLayers)
            #expect(whole.roundedLayers == pyramid.roundedLayers + Self.layersOnProposals(network))
            #expect(pyramid.parameters == whole.parameters)
            #expect(pyramid.graph.parameters.isSubset(of: whole.graph.parameters))
            let returned = pyramid.graph.outputs.map { pyramid.graph.tensors[$0] }
            #expect(returned.allSatisfy { $0.channels == 16 })
            #expect(
                returned.map { [$0.map.height, $0.map.width, $0.channels] } == pyramid.outputShapes)
            #expect(
                try pyramid.at(Resolution(height: 64, width: 64)).outputShapes.contains([2, 2, 16]))
        }
        #expect(Network(try Self.backbone()).pyramid == nil)
    }

    /// Samples of proposals are of bf16, and all products on them; those of masks enter a convolution.
    @Test func proposalsAreNarrow() throws {
        let graph = try MaskRCNN(Self.backbone(), classes: 3, channels: 16, width: 24, depth: 2)
            .graph.folded.lowered(to: .bf16)
        func type(_ label: String) -> ElementType? {
            graph.nodes.first { $0.label == label }.map { graph.tensors[$0.output].type }
        }
        #expect(type("roi_head.bbox_roi_extractor") == .bf16)
        #expect(type("roi_head.mask_roi_extractor") == .f32)
        let onProposals = graph.nodes.compactMap(\.operation.linear).filter {
            $0.element == .bf16 && $0.parameter.hasPrefix("roi_head.")
        }
        #expect(
            onProposals.map(\.parameter)
                == ["shared_fcs.0", "shared_fcs.1", "fc_cls", "fc_reg"].map {
                    "roi_head.bbox_head.\($0)"
                })
    }

    /// A map has half the rows, rounded down; a strided convolution rounds up.
    @Test func levels() throws {
        let network = try RetinaNet(Self.backbone())
        #expect(
            network.levels.map(\.map)
                == [(25, 19), (12, 9), (6, 4), (3, 2), (2, 1)].map {
                    Resolution(height: $0.0, width: $0.1)
                })
        #expect(network.levels.map(\.stride) == [8, 16, 32, 64, 128])
        let masks = try MaskRCNN(Self.backbone())
        #expect(
            masks.levels.map(\.map)
                == [(51, 38), (25, 19), (12, 9), (6, 4), (3, 2)].map {
                    Resolution(height: $0.0, width: $0.1)
                })
        #expect(masks.levels.map(\.stride) == [4, 8, 16, 32, 64])
    }

    @Test func outputsAreTheGraphs() throws {
        for network in try Self.networks(Self.backbone()) {
            let graph = network.graph
            #expect(graph.outputs.count == network.outputs.count)
            for (tensor, output) in zip(graph.outputs, network.outputs) {
                let tensor = graph.tensors[tensor]
                #expect(tensor.rows * tensor.channels == output.count)
            }
            let names = network.outputs.map(\.name)
            #expect(Set(names).count == names.count)
        }
    }

    /// Rules that results follow.
    @Test func rules() throws {
        let retina = try RetinaNet(Self.backbone(), classes: 5, era: .two)
        #expect(retina.rule.anchors == 9)
        #expect(retina.rule.scoreThreshold == 0.05)
        #expect(retina.rule.overlap == 0.5)
        #expect(retina.rule.candidates == 1000)
        #expect(retina.rule.most == 100)
        #expect(retina.rule.era == .two)
        for (scale, expected) in zip(retina.rule.scales, [4, 5.0396842, 6.3496042]) {
            #expect(abs(scale - expected) < 1e-6)
        }
        let masks = try MaskRCNN(Self.backbone(), classes: 5)
        #expect(masks.proposalRule.anchors == 3)
        #expect(masks.proposalRule.scoreThreshold == nil)
        #expect(masks.proposalRule.overlap == 0.7)
        #expect(masks.proposalRule.most == 1000)
        #expect(masks.regionRule.classes == 5)
        #expect(masks.boxLevels.count == 4 && masks.levels.count == 5)
    }

    /// The first map is normalised for segmentation alone, unless a checkpoint says otherwise.
    @Test func firstNorm() throws {
        let backbone = try Self.backbone()
        let hasNorm = try Self.networks(backbone).map { network in
            network.parameters.contains { $0.name == "backbone.norm0.weight" }
        }
        #expect(hasNorm == [true, false, false])
        var options = ModelOptions()
        options.head = HeadOptions(.instances)
        options.parameters = ["backbone.norm0.weight", "backbone.norm1.weight"]
        #expect(
            try backbone.network(options).parameters.contains { $0.name == "backbone.norm0.bias" })
        options.head = HeadOptions(.segment)
        options.parameters = ["backbone.norm1.weight"]
        #expect(
            try !backbone.network(options).parameters.contains { $0.name == "backbone.norm0.bias" })
        options.parameters = []
        #expect(
            try backbone.network(options).parameters.contains { $0.name == "backbone.norm0.bias" })
    }

    @Test func keepsItselfInText() throws {
        for network in try Self.networks(Self.backbone()) {
            let network = Network(network)
            let data = try JSONEncoder().encode(network)
            let again = try JSONDecoder().decode(Network.self, from: data)
            #expect(again == network)
            try again.check()
            let moved = try network.at(Resolution(height: 64, width: 96))
            #expect(moved.resolution == Resolution(height: 64, width: 96))
            #expect(moved.identity == network.identity)
            #expect(moved.inputShape == [3, 64, 96])
        }
    }

    /// Packed weights differ with the method of convolutions and not with the era.
    @Test func identity() throws {
        let backbone = try Self.backbone()
        let two = try RetinaNet(backbone, era: .two)
        let three = try RetinaNet(backbone)
        #expect(two.identity == three.identity)
        #expect(Network(two) != Network(three))
        let identities = try ConvolutionChoice.allCases.map {
            try RetinaNet(backbone, convolutions: $0).identity
        }
        #expect(Set(identities).count == identities.count)
        #expect(try RetinaNet(backbone, classes: 3).identity != three.identity)
        #expect(try RetinaNet(backbone, depth: 3).identity != three.identity)
        #expect(try RetinaNet(backbone, channels: 64).identity != three.identity)
    }

    @Test func refusesWhatIsNoNetwork() throws {
        let backbone = try Self.backbone()
        #expect(throws: NetworkError.self) { try RetinaNet(backbone, classes: 0) }
        #expect(throws: NetworkError.self) { try RetinaNet(backbone, channels: 0) }
        #expect(throws: NetworkError.self) { try RetinaNet(backbone, depth: -1) }
        #expect(throws: NetworkError.self) { try MaskRCNN(backbone, width: 0) }
        #expect(throws: NetworkError.self) { try SemanticFPN(backbone, width: 5000) }
        #expect(throws: NetworkError.self) { try RetinaNet(backbone, classes: 3, labels: ["one"]) }
        #expect(throws: NetworkError.self) { try RetinaNet(Self.backbone(stages: 1)) }
        #expect(throws: NetworkError.self) {
            try RetinaNet(backbone).at(Resolution(height: 20, width: 64))
        }
        // A backbone in a file may return other maps than the pyramid takes.
        let text = try JSONEncoder().encode(try RetinaNet(backbone))
        let changed = String(decoding: text, as: UTF8.self).replacing("[2,3,4]", with: "[3,4]")
        #expect(changed.contains("[3,4]"))
        let network = try JSONDecoder().decode(RetinaNet.self, from: Data(changed.utf8))
        #expect(throws: NetworkError.self) { try network.check() }
    }

    @Test func names() throws {
        let all = try HeadOptions.Task.allCases.map { task in
            var options = ModelOptions()
            options.head = HeadOptions(task)
            return try #require(NetworkRegistry.models.first { $0.name == "litv2-s" })
                .network(options)
        }
        #expect(
            all.map(\.name) == ["litv2_s_semantic_fpn", "litv2_s_retinanet", "litv2_s_mask_rcnn"])
        #expect(all.map(\.resolution.description) == ["512x512", "800x1344", "800x1344"])
        #expect(all.allSatisfy { !$0.isBackbone && $0.classes == nil })
    }
}

extension Graph {
    /// Names of all parameters that its operations use, statistics left out.
    var parameters: Set<String> {
        nodes.reduce(into: []) { names, node in
            switch node.operation {
            case .linear(let linear), .convolution(let linear, _):
                names.insert(linear.parameter + ".weight")
                if linear.hasBias { names.insert(linear.parameter + ".bias") }
            case .layerNorm(let name), .depthwise(let name), .batchNorm(let name),
                .deformableSamples(let name):
                names.formUnion([name + ".weight", name + ".bias"])
            case .maskLogits(let mask):
                names.formUnion([mask.parameter + ".weight", mask.parameter + ".bias"])
            case .featureMap(let norm, _):
                if let norm { names.formUnion([norm + ".weight", norm + ".bias"]) }
            case .windowAttention(_, let windows, _):
                if let table = windows.positionBias { names.insert(table) }
            case .patches, .tokenPatches, .gelu, .averagePool, .globalAttention, .concatenate, .add,
                .meanPool, .relu, .stack, .upsampledSum, .resize, .subsample, .candidates,
                .proposals, .detections, .regionDetections, .roiAlign, .labels:
                break
            }
        }
    }
}
