import HiLoKit

/// A plan as a table: one row a kernel, for one image.
struct PlanTable {
    private let pass: PassOfPlan
    private let machine: PredictedMachine

    init(_ pass: PassOfPlan, machine: PredictedMachine) {
        self.pass = pass
        self.machine = machine
    }

    var text: String {
        var table = Table([
            ("kernel", .left), ("calls", .right), ("shape", .left), ("tile", .left),
            ("split", .left), ("types", .left), ("fused", .left), ("weight bytes", .right),
            ("token bytes", .right),
            ("MMACs", .right), ("predicted ms", .right), ("limit", .left), ("share", .right),
        ])
        let rows = PlanRow.rows(of: pass, on: machine.model, batch: 1)
        let total = rows.reduce(0) { $0 + $1.predictedMilliseconds }
        for row in rows { table.add(cells(row, of: total)) }
        table.add([
            "total", "\(pass.pass.steps.count)", "", "", "", "", "",
            "\(4 * pass.plan.weightFloats)",
            "\(rows.reduce(0) { $0 + $1.tokenBytes })", millions(pass.macs), decimal(total, 3), "",
            "100.0 %",
        ])
        return (heading + ["", table.text, ""] + footing).joined(separator: "\n")
    }

    private var heading: [String] {
        let target = pass.plan.target
        return [
            "\(pass.network.name): \(pass.network.summary)",
            "\(pass.variant.isa.name), \(target.precision.rawValue), batch up to \(target.maxBatch)",
        ]
    }

    private var footing: [String] {
        let lent = pass.pass.lentMaps
        return [
            "arena: \(pass.pass.arenaBytes) bytes an image, "
                + "\(decimal(Double(pass.pass.arenaBytes) / Double(max(pass.peakBytes, 1)), 2)) times "
                + "the largest set of maps that live at once"
                + (lent == 0 ? "" : "; \(lent) maps lie in outputs before results come there"),
            "groups: \(pass.pass.groupText)",
            "scratch: \(pass.pass.scratchBytes) bytes a thread",
            "weights: \(4 * pass.plan.weightFloats) bytes",
            "predicted: one image by a roofline model of \(machine.summary)",
        ] + pass.plan.target.kept.map(\.sentence) + withIntegerMatrices + unquantisable
            + unlowered
    }

    /// What has a matrix of integers alone, and why.
    private var withIntegerMatrices: [String] {
        pass.network.withIntegerMatrices(pass.plan.target.precision).filter { !isKept($0.layer) }
            .map { "in f32 by int8: \($0.label), because \($0.reason)" }
    }

    /// What cannot be integers, and why.
    private var unquantisable: [String] {
        pass.network.unquantisable(pass.plan.target.precision).filter { !isKept($0.layer) }.map {
            "in bf16: \($0.label), because \($0.reason)"
        }
    }

    /// Whether it is said of a layer why that is not narrower.
    private func isKept(_ layer: String) -> Bool {
        pass.plan.target.kept.contains { $0.layer == layer }
    }

    /// What stays in single precision, and why.
    private var unlowered: [String] {
        pass.network.unlowered(pass.plan.target.precision).map {
            "in single precision: \($0.label), because \($0.reason)"
        }
    }

    private func cells(_ row: PlanRow, of total: Double) -> [String] {
        let milliseconds = row.predictedMilliseconds
        return [
            row.kernel.family, "\(row.steps.count)", row.words.shape, row.words.tile,
            row.words.split,
            row.types, row.fused.joined(separator: ", "), "\(row.weightBytes)", "\(row.tokenBytes)",
            millions(row.macs), decimal(milliseconds, 3), row.prediction.limit.rawValue,
            "\(decimal(100 * milliseconds / total, 1)) %",
        ]
    }
}
