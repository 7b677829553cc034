import Graphs

/// What templates of kernels on anchors are filled with.
struct AnchorContext: Sendable {
    let name: String
    let inputHeight, inputWidth: String
    let levelCount, classes, logits: Int
    let sizes: SizeTags
    let takesAnchors, dropsEmpty, divides: Int
    let chunk, slot, most, boxes, slotFloats, anchorCount, allTokens, allChunks: Int
    /// Lists and numbers of C.
    let levels, levelTokens, levelChunks, sides, overlap, threshold: String

    init(_ name: String, _ rule: AnchorRule, _ input: Resolution) {
        self.name = name
        (inputHeight, inputWidth) = (input.heightText, input.widthText)
        let maps = rule.levels.map(\.map)
        sizes = SizeTags(maps, type: "const anchor_rule *", name: "rule")
        (levelCount, classes, logits) = (rule.levels.count, rule.classes, rule.logits)
        takesAnchors = rule.takesAnchors ? 1 : 0
        dropsEmpty = rule.era == .three ? 1 : 0
        divides = rule.era == .two ? 1 : 0
        (chunk, slot, most) = (rule.chunk, rule.slot, rule.candidates)
        (boxes, slotFloats) = (rule.most, rule.candidateFloats)
        let tokens = rule.levels.map(\.map.count)
        allTokens = rule.tokens
        allChunks = rule.chunks.reduce(0, +)
        anchorCount = allTokens * rule.anchors
        levels = zip(rule.levels, rule.chunks).map { level, chunks in
            // Those of maps of any size come with each call.
            level.map.isFlexible
                ? "{ .stride = \(level.stride) }"
                : "{ \(level.map.width), \(level.map.count), \(level.stride), \(chunks) }"
        }.joined(separator: ", ")
        levelTokens = list(tokens)
        levelChunks = list(rule.chunks)
        sides = rule.scales.map { literal($0) }.joined(separator: ", ")
        overlap = literal(rule.overlap)
        threshold = literal(rule.scoreThreshold ?? -1)
    }
}

extension AnchorRule {
    /// The shape's fields, for the harness.
    func fields(_ input: Resolution) -> [ShapeField] {
        [
            ShapeField("era", era.rawValue), ShapeField("level_count", levels.count),
            ShapeField("heights", list: levels.map(\.map.height)),
            ShapeField("widths", list: levels.map(\.map.width)),
            ShapeField("strides", list: levels.map(\.stride)),
            ShapeField("scale_count", scales.count),
            ShapeField("scales", list: scales),
            ShapeField("classes", classes), ShapeField("candidates", candidates),
            ShapeField("chunk", chunk), ShapeField("slot", slot), ShapeField("most", most),
            ShapeField("threshold", constant: "\(scoreThreshold ?? -1)"),
            ShapeField("overlap", constant: "\(overlap)"),
            ShapeField("input_height", input.height), ShapeField("input_width", input.width),
        ]
    }

    /// Which logits there are, in names of kernels.
    var shape: String {
        levels.map { "\($0.map)" }.joined(separator: "_") + "_\(anchors)x\(classes)"
    }

    /// Which of them become candidates, in names of kernels.
    var limits: String {
        "best\(candidates)_above\(scoreThreshold.map(tenThousandths) ?? "none")_era\(era.rawValue)"
    }

    /// What becomes of candidates, in names of kernels.
    var boxes: String {
        let strides = levels.map { "\($0.stride)" }, sides = scales.map(tenThousandths)
        return "strides\(strides.joined(separator: "_"))_scales\(sides.joined(separator: "_"))"
            + "_overlap\(tenThousandths(overlap))_most\(most)"
    }
}

/// A number in names of kernels.
func tenThousandths(_ value: Double) -> String { "\(Int((1e4 * value).rounded()))" }

private func list(_ values: [Int]) -> String { values.map(String.init).joined(separator: ", ") }

/// A constant of C in single precision.
func literal(_ value: Double) -> String { "\(Float(value))f" }
