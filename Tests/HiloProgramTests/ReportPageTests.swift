import Foundation
import HiLoKit
import TestFixtures
import Testing

@testable import Toolchain
@testable import hilo

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct ReportPageTests {
    private let pass: PassOfPlan
    private let measurements: Measurements

    init() throws {
        let network = Network(try LITv2(yaml: Sample.yaml, source: "tiny.yaml"))
        pass = try Self.pass(network, .avx2)
        measurements = try Self.measurements(pass)
    }

    private static func pass(_ network: Network, _ isa: ISA) throws -> PassOfPlan {
        let plan = try Planner(network, Target(isa: isa)).plan()
        return PassOfPlan(plan, plan.variants[0], plan.variants[0].passes[0])
    }

    /// Every step has a time of its own.
    private static func measurements(
        _ pass: PassOfPlan, cpu model: String = "Test CPU"
    ) throws -> Measurements {
        let times = pass.pass.steps.indices.map { "\(0.01 + 0.013 * Double($0 * 7 % 11))" }
        let json = """
            {"median_ms":12.34,"p10_ms":11.25,"p90_ms":13.75,"images_per_second":162.1,"batch":2,
            "threads":2,"runs":97,"gflops":30.55,"peak_gflops":61.1,
            "step_ms":[\(times.joined(separator: ","))]}
            """
        let profile = try JSONDecoder()
            .decode(GeneratedLibrary.Profile.self, from: Data(json.utf8))
        let cpu = HostCPU(
            model: model, isaFlags: ["avx2", "fma"], cores: 2, l1d: 32 << 10, l2: nil, l3: 8 << 20)
        return Measurements(
            pass, profile, cpu: cpu,
            machine: MachineModel(isa: pass.variant.isa, cpu: cpu, threads: profile.threads))
    }

    private func page() throws -> String {
        try ReportPage(measurements, date: Date(timeIntervalSince1970: 0)).html()
    }

    // MARK: Contents

    @Test func theNumbersAreOnThePage() throws {
        let page = try page()
        for text in [
            "<h1>tiny</h1>", "12.3", "11.2", "13.8", "162", "97 calls", "2 images a call", "30.6",
            "61.1 GFLOP/s", "50.0", "Test CPU", "AVX2 and FMA", "L1d 32.0 KiB, L3 8.0 MiB",
            "1970-01-01T00:00:00Z",
        ] {
            #expect(page.contains(text), "\(text)")
        }
    }

    @Test func everyKernelIsInBothTablesWithItsTime() throws {
        let page = try page()
        #expect(measurements.kernels.count == pass.variant.kernels.count)
        for kernel in measurements.kernels {
            let cells = "<td>\(kernel.row.kernel.family)</td><td>\(kernel.row.words.shape)</td>"
            #expect(page.components(separatedBy: cells).count >= 3)
            #expect(page.contains(">\(decimal(kernel.milliseconds, 3))</td>"))
            #expect(page.contains(">\(decimal(kernel.row.predictedMilliseconds, 3))</td>"))
        }
        let times = measurements.kernels.map(\.milliseconds)
        #expect(times == times.sorted(by: >))
        let all = measurements.profile.stepMilliseconds.reduce(0, +)
        #expect(abs(times.reduce(0, +) - all) < 1e-9)
        #expect(page.contains(">\(decimal(all, 3))</td>"))
    }

    @Test func chartsShowEveryKernelPartAndBuffer() throws {
        let elements = try Elements(page())
        #expect(elements.count(of: "svg") == 3)
        #expect(elements.count(of: "circle") == pass.variant.kernels.count)
        let buffers = pass.variant.buffers(of: pass.pass)
        #expect(elements.classes.count { $0.hasPrefix("map ") } == buffers.count)
        let parts = ["patches", "stage 1", "merging 1", "stage 4", "head"]
        for part in parts { #expect(elements.texts.contains(part)) }
        let predicted = elements.texts.count { $0.hasPrefix("predicted ") && $0.hasSuffix(" ms") }
        #expect(predicted == Set(pass.pass.steps.map(\.part)).count)
        for roof in ["L2, model: ", "L3, model: ", "memory, model: "] {
            #expect(elements.texts.contains { $0.hasPrefix(roof) })
        }
        #expect(elements.texts.contains("multiply-adds, measured: 61.1 GFLOP/s"))
    }

    @Test func aSingleLayerIsOnePart() throws {
        let layer = try HiLo(dim: 12, heads: 4, window: 2, alpha: 0.5, height: 4, width: 6)
        let pass = try Self.pass(Network(layer), .generic)
        #expect(Set(pass.pass.steps.map(\.part)) == ["layer"])
        let page = try ReportPage(Self.measurements(pass)).html()
        #expect(try Elements(page).count(of: "circle") == pass.variant.kernels.count)
    }

    // MARK: Form

    @Test func thePageNeedsNothingButItself() throws {
        let page = try page().replacing("http://www.w3.org/2000/svg", with: "")
        for word in ["http", "//", "<script", "<link", "src=", "href=", "url(", "@import"] {
            #expect(!page.contains(word), "\(word)")
        }
        #expect(page.hasPrefix("<!DOCTYPE html>"))
        #expect(page.contains("prefers-color-scheme: dark"))
    }

    /// A tag that its context does not have would leave nothing behind.
    @Test func noValueIsMissing() throws {
        let page = try page()
        #expect(!page.contains("=\"\""))
        #expect(!page.contains("{{"))
        #expect(!page.contains("width:%"))
        for word in ["nan", "inf", "Optional"] {
            #expect(!page.contains("\"\(word)"))
            #expect(!page.contains(">\(word)"))
        }
    }

    @Test func textsFromOutsideAreEscaped() throws {
        let model = "<script>alert('1')</script> & \"Sons\""
        let page = try ReportPage(Self.measurements(pass, cpu: model)).html()
        #expect(!page.contains("<script"))
        #expect(page.contains("&lt;script&gt;"))
        #expect(try Elements(page).texts.contains(model))
    }

    @Test func coordinatesAreInsideTheirDrawing() throws {
        let roofline = RooflineChart(measurements)
        for point in roofline.points {
            let (x, y) = (Double(point.x) ?? -1, Double(point.y) ?? -1)
            #expect((62...1046).contains(x))
            #expect((10...514).contains(y))
        }
        for rectangle in ArenaChart(pass).rectangles {
            let y = Double(rectangle.y) ?? -1
            #expect(y >= 39.9)
            #expect(y + (Double(rectangle.height) ?? 0) <= 534.2)
        }
    }
}

@Suite struct DrawingTests {
    @Test func logarithmicAxis() {
        let names = ["1.00", "2.00", "5.00", "10.0", "20.0", "50.0", "100"]
        let axis = LogAxis([0, 1, 100, .infinity], margin: 1, first: 10, last: 210)
        #expect(axis.position(1) == 10)
        #expect(abs(axis.position(10) - 110) < 1e-9)
        #expect(axis.position(1000) == 210)
        #expect(axis.position(0) == 10)
        #expect(axis.ticks.map(significant) == names)
        let long = LogAxis([1, 1e6], margin: 1, first: 0, last: 1)
        #expect(long.ticks.count == 7)
    }

    @Test func numbersOfThreeDigits() {
        #expect([1234.5, 12.345, 0.01234, 0].map(significant) == ["1234", "12.3", "0.0123", "0"])
        #expect(["0.500", "20.0", "100", "1.00"].map(\.shortened) == ["0.5", "20", "100", "1"])
    }

    @Test func labelsCoverNothing() throws {
        let discs: [LabelPlacement.Disc] = (0..<40).map { index in
            let (x, y) = (20 + index * 37 % 300, 20 + index * 53 % 150)
            return LabelPlacement.Disc(x: Double(x), y: Double(y), radius: 5)
        }
        let frame = Box(x: 0, y: 0, width: 340, height: 190)
        var placement = LabelPlacement(frame: frame, obstacles: discs.map(\.box))
        let boxes = discs.compactMap { placement.place("label", beside: $0) }
        #expect(boxes.count > 10)
        for (index, box) in boxes.enumerated() {
            #expect(frame.contains(box))
            #expect(!discs.contains { $0.box.overlaps(box) })
            #expect(!boxes[..<index].contains { $0.overlaps(box) })
        }
        #expect(placement.place(String(repeating: "x", count: 100), beside: discs[0]) == nil)
    }
}

/// The elements and texts of a page that is well-formed XML.
private final class Elements: NSObject, XMLParserDelegate {
    private var names: [String] = []
    private(set) var classes: [String] = []
    private(set) var texts: [String] = []
    private var text = ""

    init(_ page: String) throws {
        super.init()
        let parser = XMLParser(data: Data(page.utf8))
        parser.delegate = self
        let isWellFormed = parser.parse()
        let problem = parser.parserError.map { "\($0)" } ?? ""
        try #require(isWellFormed, "line \(parser.lineNumber): \(problem)")
    }

    func count(of name: String) -> Int { names.count { $0 == name } }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
        qualifiedName: String?, attributes: [String: String]
    ) {
        names.append(name)
        if let value = attributes["class"] { classes.append(value) }
        text = ""
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }

    func parser(
        _ parser: XMLParser, didEndElement name: String, namespaceURI: String?,
        qualifiedName: String?
    ) {
        texts.append(text)
        text = ""
    }
}
