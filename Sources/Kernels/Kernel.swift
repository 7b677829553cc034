import Machines

/// A kernel of any family: what it computes, and how.
public struct Kernel: Sendable, Hashable {
    private let base: any AnyKernel
    public let computation: Computation

    public init<Family: KernelFamily>(
        _ family: Family.Type, _ spec: Family.Spec, _ schedule: Family.Schedule
    ) {
        base = Scheduled<Family>(spec: spec, schedule: schedule)
        computation = Computation(family, spec)
    }

    public var family: String { computation.family }
    public var role: KernelRole { computation.role }
    public var operands: Operands { computation.operands }
    public var macs: Int { computation.macs }
    public var traffic: Traffic { computation.traffic }

    /// - Throws: `ScheduleError` when its schedule, perhaps from a file, is not legal on `isa`.
    public func check(on isa: ISA) throws { try base.check(isa) }
    /// Bytes of working memory that a thread needs for itself.
    public func scratch(on isa: ISA) -> Int { base.scratch(isa) }
    /// What the CPU does in a call with `batch` images.
    public func work(on isa: ISA, batch: Int) -> Work { base.work(isa, batch: batch) }
    public func stream(on isa: ISA) -> WeightStream? { base.stream(isa) }
    public func source(on isa: ISA) -> KernelSource { base.source(isa) }
    public func words(on isa: ISA) -> KernelWords { base.words(isa) }

    /// The schedule, when the kernel is of that family.
    public func schedule<Family: KernelFamily>(of family: Family.Type) -> Family.Schedule? {
        (base as? Scheduled<Family>)?.schedule
    }

    /// The C function: `<model>_<operation>_<shape>__<isa>_<variant>`.
    public func functionName(model: String, isa: ISA) -> String {
        let source = source(on: isa)
        return "\(model)_\(source.operation)__\(isa.name)"
            + (source.variant.isEmpty ? "" : "_\(source.variant)")
    }

    public static func == (left: Kernel, right: Kernel) -> Bool {
        left.base.hashable == right.base.hashable
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(base.hashable) }
}

private protocol AnyKernel: Sendable {
    var hashable: AnyHashable { get }
    func check(_ isa: ISA) throws
    func scratch(_ isa: ISA) -> Int
    func work(_ isa: ISA, batch: Int) -> Work
    func stream(_ isa: ISA) -> WeightStream?
    func source(_ isa: ISA) -> KernelSource
    func words(_ isa: ISA) -> KernelWords
    func encode(to encoder: any Encoder) throws
}

private enum KernelKeys: String, CodingKey { case family, spec, schedule }

private struct Scheduled<Family: KernelFamily>: AnyKernel, Hashable {
    let spec: Family.Spec
    let schedule: Family.Schedule

    var hashable: AnyHashable { AnyHashable(self) }
    func check(_ isa: ISA) throws { try Family.check(spec, schedule, isa) }
    func scratch(_ isa: ISA) -> Int { Family.scratch(spec, schedule, isa) }
    func work(_ isa: ISA, batch: Int) -> Work { Family.work(spec, schedule, isa, batch: batch) }
    func stream(_ isa: ISA) -> WeightStream? { Family.stream(spec, schedule, isa) }
    func source(_ isa: ISA) -> KernelSource { Family.source(spec, schedule, isa) }
    func words(_ isa: ISA) -> KernelWords { Family.words(spec, schedule, isa) }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: KernelKeys.self)
        try container.encode(Family.id, forKey: .family)
        try container.encode(spec, forKey: .spec)
        if Family.hasChoice { try container.encode(schedule, forKey: .schedule) }
    }
}

/// As `{"family", "spec", "schedule"}`; without a schedule where there is no choice.
extension Kernel: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: KernelKeys.self)
        let id = try container.decode(String.self, forKey: .family)
        guard let family = KernelRegistry.families.first(where: { $0.id == id }) else {
            throw DecodingError.dataCorruptedError(
                forKey: .family, in: container,
                debugDescription: "no kernel family '\(id)' is known")
        }
        func decode<Family: KernelFamily>(_ family: Family.Type) throws -> Kernel {
            let spec = try container.decode(Family.Spec.self, forKey: .spec)
            if let fixed = Fixed() as? Family.Schedule { return Kernel(family, spec, fixed) }
            let schedule = try container.decode(Family.Schedule.self, forKey: .schedule)
            return Kernel(family, spec, schedule)
        }
        self = try decode(family)
    }

    public func encode(to encoder: any Encoder) throws { try base.encode(to: encoder) }
}
