/// The keys of the authors' configuration (classification/config.py of ziplab/LITv2).
///
/// Only the sections that describe the network and its input are held to their keys; the others
/// (TRAIN, AUG, …) say how it was trained and may hold anything.
enum ConfigurationKeys {
    static let sections: [String: [String]] = [
        "": [
            "BASE", "DATA", "MODEL", "TRAIN", "AUG", "TEST", "AMP_OPT_LEVEL", "OUTPUT", "TAG",
            "SAVE_FREQ", "PRINT_FREQ", "SEED", "EVAL_MODE", "THROUGHPUT_MODE", "LOCAL_RANK",
        ],
        "DATA": [
            "BATCH_SIZE", "DATA_PATH", "DATASET", "IMG_SIZE", "INTERPOLATION", "ZIP_MODE",
            "CACHE_MODE", "PIN_MEMORY", "NUM_WORKERS",
        ],
        "MODEL": [
            "TYPE", "NAME", "RESUME", "PRETRAINED", "NUM_CLASSES", "DROP_RATE", "DROP_PATH_RATE",
            "LABEL_SMOOTHING", "OFFSET_LR_MULTI", "LIT",
        ],
        "MODEL.LIT": [
            "PATCH_SIZE", "IN_CHANS", "EMBED_DIM", "DEPTHS", "NUM_HEADS", "WINDOW_SIZE",
            "MLP_RATIO", "QKV_BIAS", "QK_SCALE", "APE", "PATCH_NORM", "HAS_MSA", "ALPHA",
            "LOCAL_WS", "USE_CHECKPOINT",
        ],
        "TEST": ["CROP"],
    ]

    /// What to write instead of an unknown key of a section.
    static func advice(_ key: String, in section: String) -> String {
        let known = sections[section] ?? []
        if let near = nearest(key, among: known) { return "did you mean \(near)?" }
        let home = sections.filter { $0.value.contains(key) }.map(\.key).min()
        if let home { return home.isEmpty ? "it stands at the top level" : "it belongs in \(home)" }
        return "known are \(known.joined(separator: ", "))"
    }

    /// The known key that fewest edits make of `key`, if that is few for its length.
    private static func nearest(_ key: String, among known: [String]) -> String? {
        let word = Array(key.uppercased().utf8)
        guard word.count <= 64 else { return nil }
        let ranked = known.map { (name: $0, edits: editDistance(word, Array($0.utf8))) }
        guard let best = ranked.min(by: { $0.edits < $1.edits }) else { return nil }
        return best.edits <= max(1, best.name.utf8.count / 3) ? best.name : nil
    }
}
