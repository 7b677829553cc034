import HiLoKit

/// A plan as a table: one row a kernel, for one image.
struct PlanTable {
    private let plan: Plan
    private let machine: MachineModel

    init(_ plan: Plan, machine: MachineModel) {
        self.plan = plan
        self.machine = machine
    }

    var text: String {
        var table = Table([
            ("kernel", .left), ("calls", .right), ("shape", .left), ("tile", .left),
            ("split", .left), ("fused", .left), ("weight bytes", .right), ("token bytes", .right),
            ("MMACs", .right), ("predicted ms", .right), ("limit", .left), ("share", .right),
        ])
        let rows = PlanRow.rows(of: plan, on: machine, batch: 1)
        let total = rows.reduce(0) { $0 + $1.predictedMilliseconds }
        for row in rows { table.add(cells(row, of: total)) }
        table.add([
            "total", "\(plan.steps.count)", "", "", "", "", "\(4 * plan.weightFloats)",
            "\(rows.reduce(0) { $0 + $1.tokenBytes })", millions(plan.macs), decimal(total, 3), "",
            "100.0 %",
        ])
        return (heading + ["", table.text, ""] + footing).joined(separator: "\n")
    }

    private var heading: [String] {
        let target = plan.target
        return [
            "\(plan.network.name): \(plan.network.summary)",
            "\(target.isa.rawValue), \(target.precision.rawValue), batch up to \(target.maxBatch)",
        ]
    }

    private var footing: [String] {
        [
            "arena: \(4 * plan.arenaFloats) bytes an image, "
                + "\(decimal(Double(plan.arenaFloats) / Double(max(plan.peakFloats, 1)), 2)) times "
                + "the largest set of maps that live at once",
            "groups: \(plan.imagesPerThread) of a batch's images in work at once for each thread",
            "scratch: \(4 * plan.scratchFloats) bytes a thread",
            "weights: \(4 * plan.weightFloats) bytes",
            "predicted: one image by a roofline model of \(machine.summary)",
        ]
    }

    private func cells(_ row: PlanRow, of total: Double) -> [String] {
        let milliseconds = row.predictedMilliseconds
        return [
            row.words.name, "\(row.steps.count)", row.words.shape, row.words.tile, row.words.split,
            row.words.fused.joined(separator: ", "), "\(row.weightBytes)", "\(row.tokenBytes)",
            millions(row.macs), decimal(milliseconds, 3), row.prediction.limit.rawValue,
            "\(decimal(100 * milliseconds / total, 1)) %",
        ]
    }
}
