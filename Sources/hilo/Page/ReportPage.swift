import Foundation
import HiLoKit
import Mustache
import Templates

/// A self-contained HTML page about one library on one machine.
struct ReportPage {
    struct Fact { let name, value: String }
    struct Figure { let value, unit, caption: String }
    struct Legend { let family, title: String }

    /// Time of a kernel; bars in percent of the longest.
    struct KernelTime {
        let kernel, shape, calls, measured, predicted, ratio, share, rate, fraction: String
        let family, measuredBar, predictedBar: String
    }

    struct Decision {
        let kernel, shape, calls, tile, split, fused: String
        let weights, tokens, macs, intensity, limit: String
    }

    let marker = Self.marker
    let title, subtitle: String
    let figures: [Figure]
    let facts: [Fact]
    let legend = KernelRole.allCases.map { Legend(family: $0.rawValue, title: $0.title) }
    let roofline: RooflineChart
    let stages: StageChart
    let kernels: [KernelTime]
    let total: KernelTime
    let arena: ArenaChart
    let arenaSummary: String
    let decisions: [Decision]
    let machine: String

    /// In every report, and in no other page.
    static let marker = "hilo report"

    init(_ measurements: Measurements, date: Date = Date()) {
        let pass = measurements.pass
        title = pass.network.name
        subtitle = pass.network.summary
        figures = Self.figures(measurements.profile)
        facts = Self.facts(measurements, date)
        roofline = RooflineChart(measurements)
        stages = StageChart(measurements)
        let longest =
            measurements.kernels.map { max($0.milliseconds, $0.row.predictedMilliseconds) }.max()
        kernels = measurements.kernels.map { KernelTime($0, measurements, longest: longest ?? 1) }
        total = KernelTime(totalOf: measurements)
        arena = ArenaChart(pass)
        arenaSummary =
            "\(byteCount(pass.pass.arenaBytes)) an image in work; \(pass.pass.groupText), which has "
            + "\(pass.plan.target.maxBatch) at most. Scratch: "
            + "\(byteCount(pass.pass.scratchBytes)) a thread. Packed weights: "
            + "\(byteCount(4 * pass.plan.weightFloats))."
        decisions = measurements.kernels.map { Decision($0) }
        machine = measurements.machine.summary
    }

    /// The page; every text in it is escaped.
    func html() throws -> String {
        var library = MustacheLibrary()
        for (name, text) in TemplateFiles.page { try library.register(text, named: name) }
        guard let page = library.render(self, withTemplate: "report.html") else {
            preconditionFailure("the template of the report is registered above")
        }
        return page
    }

    private static func figures(_ profile: GeneratedLibrary.Profile) -> [Figure] {
        let batch = profile.batch
        let p10 = significant(profile.p10Milliseconds)
        let p90 = significant(profile.p90Milliseconds)
        return [
            Figure(
                value: significant(profile.medianMilliseconds), unit: "ms",
                caption: "median of \(profile.runs) calls, p10 \(p10), p90 \(p90)"),
            Figure(
                value: significant(profile.imagesPerSecond), unit: "images/s",
                caption: batch == 1 ? "one image a call" : "\(batch) images a call"),
            Figure(
                value: significant(profile.gigaflops), unit: "GFLOP/s",
                caption: "multiply-adds of the network, each two operations"),
            Figure(
                value: decimal(100 * profile.gigaflops / profile.peakGigaflops, 1), unit: "%",
                caption: "of the \(significant(profile.peakGigaflops)) GFLOP/s at peak, measured "
                    + "in between"),
        ]
    }

    private static func facts(_ measurements: Measurements, _ date: Date) -> [Fact] {
        let (pass, profile, cpu) = (
            measurements.pass, measurements.profile, measurements.cpu
        )
        return [
            Fact(name: "CPU", value: cpu.model),
            Fact(name: "Cores", value: "\(cpu.cores)"),
            Fact(name: "Caches", value: cacheText(l1d: cpu.l1d, l2: cpu.l2, l3: cpu.l3)),
            Fact(name: "Instructions", value: pass.variant.isa.title),
            Fact(name: "Precision", value: pass.plan.target.precisionText),
            Fact(name: "Threads", value: "\(profile.threads)"),
            Fact(name: "Batch", value: "\(profile.batch)"),
            Fact(
                name: "Kernels, steps",
                value: "\(measurements.kernels.count), \(pass.pass.steps.count)"),
            Fact(name: "Work", value: "\(millions(pass.macs)) million multiply-adds an image"),
            Fact(name: "Measured", value: date.formatted(.iso8601)),
        ]
    }
}

extension ReportPage.KernelTime {
    fileprivate init(
        _ kernel: MeasuredKernel, _ measurements: Measurements, longest: Double
    ) {
        let row = kernel.row
        let expected = row.predictedMilliseconds
        self.kernel = row.kernel.family
        shape = row.words.shape
        calls = "\(row.steps.count)"
        measured = decimal(kernel.milliseconds, 3)
        predicted = decimal(expected, 3)
        ratio = decimal(kernel.milliseconds / expected, 2)
        share = decimal(100 * measurements.share(kernel.milliseconds), 1)
        rate = significant(kernel.gigaflops)
        fraction = decimal(100 * kernel.gigaflops / measurements.profile.peakGigaflops, 1)
        family = kernel.role.rawValue
        measuredBar = decimal(100 * kernel.milliseconds / longest, 2)
        predictedBar = decimal(100 * expected / longest, 2)
    }

    fileprivate init(totalOf measurements: Measurements) {
        let (measured, expected) = (measurements.milliseconds, measurements.predictedMilliseconds)
        let flops = measurements.kernels.reduce(0.0) { $0 + 1e6 * $1.gigaflops * $1.milliseconds }
        let rate = measured > 0 ? 1e-6 * flops / measured : 0
        kernel = "total"
        shape = ""
        calls = "\(measurements.pass.pass.steps.count)"
        self.measured = decimal(measured, 3)
        predicted = decimal(expected, 3)
        ratio = decimal(measured / expected, 2)
        share = "100.0"
        self.rate = significant(rate)
        fraction = decimal(100 * rate / measurements.profile.peakGigaflops, 1)
        (family, measuredBar, predictedBar) = ("", "0", "0")
    }
}

extension ReportPage.Decision {
    fileprivate init(_ kernel: MeasuredKernel) {
        let row = kernel.row
        self.kernel = row.kernel.family
        shape = row.words.shape
        calls = "\(row.steps.count)"
        tile = row.words.tile
        split = row.words.split
        fused = row.fused.joined(separator: ", ")
        weights = byteCount(row.weightBytes)
        tokens = byteCount(row.tokenBytes)
        macs = millions(row.macs)
        intensity = kernel.intensity > 0 ? significant(kernel.intensity) : "–"
        limit = row.prediction.limit.rawValue
    }
}
