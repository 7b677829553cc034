/// Which tensor of a file stands for which of a network.
struct NameMatching {
    /// The file's name of each expected tensor that the file has.
    let fileNames: [String: String]
    /// Names of the file that stand for nothing, sorted; without counters.
    let unused: [String]
    /// What stands before the network's names in the file, such as `module.backbone.`, when the
    /// components of wrappers are left out.
    let prefix: String

    /// Every name that ends in an expected one proposes what stands before it as the prefix of
    /// all. The one with most matches is taken, of equals the shortest, of those the first in the
    /// order of text.
    init(names: [String], expected: Set<String>) {
        let candidates = names.sorted().map { (file: $0, plain: Self.unwrapped($0)) }
        let prefix = Self.bestPrefix(candidates.map(\.plain), expected)
        var matches: [String: String] = [:]
        for (file, plain) in candidates where plain.hasPrefix(prefix) {
            let name = String(plain.dropFirst(prefix.count))
            guard expected.contains(name) else { continue }
            // The shorter one has less of wrappers in it.
            if let other = matches[name], other.utf8.count <= file.utf8.count { continue }
            matches[name] = file
        }
        let used = Set(matches.values)
        fileNames = matches
        unused = candidates.map(\.file).filter { !used.contains($0) && !Self.isCounter($0) }
        self.prefix = prefix
    }

    private static func bestPrefix(_ names: [String], _ expected: Set<String>) -> String {
        let depth = expected.map(componentCount).max() ?? 1
        var votes: [String: Int] = [:]
        for name in names {
            for (prefix, rest) in splits(name, depth: depth) where expected.contains(String(rest)) {
                votes[String(prefix), default: 0] += 1
            }
        }
        let best = votes.min {
            (-$0.value, $0.key.utf8.count, $0.key) < (-$1.value, $1.key.utf8.count, $1.key)
        }
        return best?.key ?? ""
    }

    private static func componentCount(_ name: String) -> Int {
        name.reduce(1) { $1 == "." ? $0 + 1 : $0 }
    }

    /// A name cut before each of its last `depth` components, so that time stays linear.
    private static func splits(
        _ name: String, depth: Int
    ) -> [(prefix: Substring, rest: Substring)] {
        var splits: [(prefix: Substring, rest: Substring)] = []
        var end = name.endIndex
        while splits.count < depth {
            guard let dot = name[..<end].lastIndex(of: ".") else {
                splits.append((name.prefix(0), name[...]))
                break
            }
            let start = name.index(after: dot)
            splits.append((name[..<start], name[start...]))
            end = dot
        }
        return splits
    }

    // MARK: Names

    /// Enough for a layer deep within a network that is wrapped itself.
    private static let maximumPrefixLength = 8

    /// The name itself, and what stands after each of its first dots.
    static func suffixes(of name: String) -> [String] {
        var suffixes = [name]
        var rest = name[...]
        while suffixes.count <= maximumPrefixLength, let dot = rest.firstIndex(of: ".") {
            rest = rest[rest.index(after: dot)...]
            suffixes.append(String(rest))
        }
        return suffixes
    }

    /// Components that torch.compile, activation checkpointing and sharding put anywhere.
    private static let wrappers: Set<Substring> = [
        "_orig_mod", "_checkpoint_wrapped_module", "_fsdp_wrapped_module", "_fpw_module",
        "_forward_module",
    ]

    /// The name without the components of wrappers.
    static func unwrapped(_ name: String) -> String {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let kept = parts.filter { !wrappers.contains($0) }
        return kept.count == parts.count ? name : kept.joined(separator: ".")
    }

    /// Of BatchNorm, of averaged weights, and of thop, which counts operations.
    private static let counters: Set<Substring> = [
        "num_batches_tracked", "n_averaged", "total_ops", "total_params",
    ]

    static func isCounter(_ name: String) -> Bool {
        counters.contains(name.split(separator: ".").last ?? "")
    }
}
