/// A file that a configuration names in `BASE`: whoever names it overrides what it says.
public struct ConfigurationBase: Sendable, Equatable {
    /// From the working folder, as the file that names it was; a name in `BASE` counts from that
    /// file's folder.
    public let path: String
    /// Which file names it, and in which line, for messages.
    public let asker: String
}

/// A configuration, the files that its `BASE` names, those that theirs name, and so on.
struct ConfigurationChain {
    typealias Reading = (ConfigurationBase) throws -> String

    private let read: Reading?
    /// The files that are being read: each but the first is a base of the one before.
    private var open: [String] = []
    private var basesRead = 0

    private static let deepest = 8
    private static let mostBases = 32
    /// As long as paths are on Linux.
    fileprivate static let longestName = 4096

    /// - Parameter read: the text of a base; nil when a text has no place from which names could count.
    init(_ read: Reading?) { self.read = read }

    /// The keys of a text, over those of its bases, of which the later ones override the earlier.
    ///
    /// - Parameter asker: whose base it is.
    /// - Throws: `NetworkError`; what reading throws.
    mutating func reader(
        of text: String, _ path: String, asker: String? = nil
    ) throws -> ConfigurationReader {
        let source = asker.map { "\(path) (a BASE of \($0))" } ?? path
        let yaml = try ConfigurationYAML(text, source: source)
        let own = try ConfigurationReader(yaml.tree, source: source, lines: yaml.lines)
        open.append(Self.plain(path))
        defer { open.removeLast() }
        let bases = try own.bases().map { try base($0, of: own, path) }
        guard let first = bases.first else { return own }
        return own.overriding(bases.dropFirst().reduce(first) { $1.overriding($0) })
    }

    private mutating func base(
        _ name: String, of asker: ConfigurationReader, _ askingPath: String
    ) throws -> ConfigurationReader {
        guard let read else {
            throw asker.error(
                at: "BASE", "other files are not read here; write their keys into this one")
        }
        let path = Self.path(name, from: askingPath)
        basesRead += 1
        guard !open.contains(Self.plain(path)) else {
            throw asker.error(
                at: "BASE", "\(path) would be its own base; take its name out of one of the files")
        }
        guard open.count <= Self.deepest, basesRead <= Self.mostBases else {
            throw asker.error(
                at: "BASE",
                "up to \(Self.mostBases) files are read for a configuration, \(Self.deepest) one "
                    + "below the other, and \(path) is one more; is it its own base, or can "
                    + "files be joined?")
        }
        let text = try read(ConfigurationBase(path: path, asker: asker.place(of: "BASE")))
        return try reader(of: text, path, asker: askingPath)
    }

    // MARK: Paths

    private static func path(_ name: String, from asker: String) -> String {
        guard !name.hasPrefix("/"), let slash = asker.lastIndex(of: "/") else { return name }
        return asker[...slash] + name
    }

    /// Without steps that lead nowhere, so that one file has fewer names; two of them may still be of
    /// one, and then the depth has its limit.
    private static func plain(_ path: String) -> String {
        let steps = path.split(separator: "/").filter { $0 != "." }
        return (path.hasPrefix("/") ? "/" : "") + steps.joined(separator: "/")
    }
}

extension ConfigurationReader {
    /// The names in `BASE`. Where nothing is named, the authors write `['']`.
    fileprivate func bases() throws -> [String] {
        let tree = try value("BASE") ?? .null
        let items = if case .list(let items) = tree { items } else { [tree] }
        return try items.compactMap { item in
            switch item {
            case .null, .string(""): return nil
            case .string(let name) where isName(name): return name
            default: throw unexpected("BASE", tree, "names of files, from the folder of this one")
            }
        }
    }

    /// Whether it can be one of a file: the system's names end at zero.
    private func isName(_ text: String) -> Bool {
        text.utf8.count <= ConfigurationChain.longestName && !text.utf8.contains(0)
    }
}
