import Reference
import TestFixtures
import Testing

/// What detectors and segmenters do with maps and boxes, in double precision, against PyTorch's.
@Suite struct FixtureStepTests {
    private func map(_ planes: [Float], height: Int, width: Int) -> TokenMap {
        let channels = planes.count / (height * width)
        return TokenMap(
            height: height, width: width, channels: channels,
            values: tokens(ofPlanes: planes, channels: channels).map(Double.init))
    }

    /// Boxes of all kinds: beside the map, across its border, far larger than it, without a size,
    /// the wrong way round.
    @Test func boxesAreAligned() throws {
        let fixture = try HeadCase.load()
        #expect(fixture.roiAligns.count == 5)
        for item in fixture.roiAligns {
            let map = map(item.planes, height: item.height, width: item.width)
            let found = try boxes(fixture, item.id).flatMap {
                Operators.roiAlign([map], strides: [item.stride], $0, bins: item.side).planes
            }
            let sample = stride(from: 0, to: found.count, by: item.sampleStride).map { found[$0] }
            expectAgreement(sample, try fixture.required("\(item.id).output64").values)
        }
    }

    @Test func boxesHaveLevels() throws {
        let fixture = try HeadCase.load()
        for item in fixture.roiLevels {
            let found = try boxes(fixture, item.id).map {
                Operators.pyramidLevel(of: $0, levels: 4, finest: 4)
            }
            #expect(found == item.levels)
        }
    }

    @Test func mapsAreResized() throws {
        let fixture = try HeadCase.load()
        #expect(fixture.resizes.count == 9)
        for item in fixture.resizes {
            let map = map(item.planes, height: item.height, width: item.width)
            let found =
                item.kind == .nearest
                ? Operators.nearest(map, height: item.newHeight, width: item.newWidth)
                : Operators.resized(map, height: item.newHeight, width: item.newWidth)
            expectAgreement(
                found.planes, try fixture.required("\(item.id).output64").values)
        }
    }

    private func boxes(_ fixture: Fixture<HeadCase>, _ id: String) throws -> [Box] {
        let values = try fixture.required("\(id).boxes").floats
        return stride(from: 0, to: values.count, by: 4).map {
            Box(x0: values[$0], y0: values[$0 + 1], x1: values[$0 + 2], y1: values[$0 + 3])
        }
    }
}
