import Graphs
import Kernels
import TestFixtures

enum WinogradConvolutionCases: FamilyCases {
    typealias Family = WinogradConvolution

    static func specs(_ random: inout SeededGenerator) -> [WinogradConvolution.Spec] {
        let maps = random.mapLists()
        return WinogradForm.allCases.flatMap { form in
            maps.flatMap { maps in
                [(false, (0, 0)), (true, (5, 3))].map { isRectified, spread in
                    let (channels, outputs) = (random.odd(1...45), random.odd(1...75))
                    return WinogradConvolution.Spec(
                        form: form, maps: maps, channels: channels, outputs: outputs,
                        isRectified: isRectified, inputStride: channels + spread.0,
                        outputStride: outputs + spread.1)
                }
            } + [
                WinogradConvolution.Spec(
                    form: form, maps: MapList([Resolution(height: 25, width: 42)]), channels: 160,
                    outputs: 64,
                    isRectified: true)
            ]
        }
    }
}
