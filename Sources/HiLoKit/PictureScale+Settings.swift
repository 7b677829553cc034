import Checkpoints
import Networks

extension PictureScale {
    /// As the steps of the test pipeline say it in a configuration of OpenMMLab's tools: `img_scale` of
    /// `MultiScaleFlipAug`, in later ones `scale` of `Resize`; either as one pair.
    ///
    /// - Returns: nil where there is none, or the aspect ratio is not kept.
    init?(settings: ConfigurationValue) {
        let steps =
            settings["test_pipeline"] ?? settings["data"]?["test"]?["pipeline"]
            ?? settings["test_dataloader"]?["dataset"]?["pipeline"]
        for step in steps?.list ?? [] {
            let inner = step["transforms"]?.list ?? []
            guard let sides = (step["img_scale"] ?? step["scale"])?.list?.compactMap(\.integer),
                sides.count == 2, sides.allSatisfy(Self.possibleSides.contains),
                ([step] + inner).contains(where: { $0["keep_ratio"]?.boolean == true })
            else { continue }
            self.init(longSide: max(sides[0], sides[1]), shortSide: min(sides[0], sides[1]))
            return
        }
        return nil
    }
}
