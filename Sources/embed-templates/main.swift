import Foundation

// Writes the templates below a folder as one Swift file, so that the generator needs no files:
// embed-templates FOLDER OUTPUT.swift. A template is named by its path without `.mustache`.

let folder = URL(fileURLWithPath: CommandLine.arguments[1])
let output = URL(fileURLWithPath: CommandLine.arguments[2])

let paths =
    (FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? [])
    .filter { $0.hasSuffix(".mustache") }.sorted()
let entries = try paths.map { path in
    let text = try String(contentsOf: folder.appending(path: path), encoding: .utf8)
    return "    \"\(path.dropLast(".mustache".count))\": ###\"\"\"\n\(text)\n\"\"\"###,\n"
}
let source =
    "/// Template texts by their paths below Templates/.\n"
    + "let templateTexts: [String: String] = [\n\(entries.joined())]\n"
try Data(source.utf8).write(to: output)
