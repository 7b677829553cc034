import Foundation

extension HostCPU {
    /// Reads `proc` and `sys` under `root`; tests give a root of their own.
    static func fromLinux(root: URL, affinity: Int) -> HostCPU {
        let info = cpuInfo(contents(root, "proc/cpuinfo"))
        let fields = Dictionary(info, uniquingKeysWith: { first, _ in first })
        let flags = (fields["flags"] ?? fields["Features"] ?? "").split(separator: " ")
        let caches = caches(root)
        return HostCPU(
            model: fields["model name"] ?? ArmCores.model(info) ?? "unknown",
            isaFlags: Set(flags.map(String.init)).intersection(knownFlags),
            cores: cores(root, affinity: affinity),
            l1d: caches["1 Data"], l2: caches["2 Unified"], l3: caches["3 Unified"],
            fields: fields)
    }

    static func cores(_ root: URL, affinity: Int) -> Int { min(affinity, quota(root) ?? affinity) }

    private static func contents(_ root: URL, _ path: String) -> String {
        (try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)) ?? ""
    }

    /// The fields of all processors in the file, in its order.
    private static func cpuInfo(_ text: String) -> [(String, String)] {
        text.split(separator: "\n").compactMap { line -> (String, String)? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...]
            return (
                line[..<colon].trimmingCharacters(in: .whitespaces),
                value.trimmingCharacters(in: .whitespaces)
            )
        }
    }

    /// Cores that the cgroup and the groups above it allow (cgroup v2, `cpu.max`: the microseconds
    /// of CPU time in each period, or `max`); nil without a quota.
    private static func quota(_ root: URL) -> Int? {
        let line = contents(root, "proc/self/cgroup").split(separator: "\n")
            .first { $0.hasPrefix("0::/") }
        guard let line else { return nil }
        var group = line.dropFirst("0::".count).split(separator: "/").map(String.init)
        var smallest: Int?
        while true {
            let path = (["sys/fs/cgroup"] + group + ["cpu.max"]).joined(separator: "/")
            let fields = contents(root, path).split(whereSeparator: \.isWhitespace).map { Int($0) }
            if fields.count == 2, let time = fields[0], let period = fields[1],
                min(time, period) > 0
            {
                let cores = (time - 1) / period + 1
                smallest = min(smallest ?? cores, cores)
            }
            if group.popLast() == nil { return smallest }
        }
    }

    /// Bytes of the first processor's caches by level and type, such as `1 Data`.
    private static func caches(_ root: URL) -> [String: Int] {
        var sizes: [String: Int] = [:]
        for index in 0..<16 {
            let cache = "sys/devices/system/cpu/cpu0/cache/index\(index)"
            func field(_ name: String) -> String {
                contents(root, "\(cache)/\(name)").trimmingCharacters(in: .whitespacesAndNewlines)
            }
            guard let size = bytes(field("size")) else { continue }
            sizes["\(field("level")) \(field("type"))"] = size
        }
        return sizes
    }

    /// `48K` or `105M` in bytes.
    private static func bytes(_ text: String) -> Int? {
        let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
        guard let last = text.last else { return nil }
        guard let unit = units[last] else { return Int(text) }
        guard let count = Int(text.dropLast()) else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: unit)
        return overflow ? nil : product
    }
}
