import ArrayFiles
import Foundation
import HiLoKit
import TestFixtures

/// The package's folder, found from where this file was compiled.
let projectFolder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// A classifier that has every kernel and builds quickly.
func smallNetwork(name: String = "small") throws -> Network {
    Network(
        try Sample.twoStages(
            name: name, height: 64, width: 96, depth: 2, Classifier(classes: 10)))
}

/// Writes the inputs of images, one behind the other, as an array that a library of `network` takes.
func writeInputs(_ values: [Float], of network: Network, to file: URL) throws {
    let images = values.count / network.inputShape.reduce(1, *)
    try NPYArray(shape: [images] + network.inputShape, values: values).write(to: file.path)
}

extension TestScope {
    /// For what differs little between instruction sets: `make test` has the CPU's own, and none.
    static let isas = chosen(ISA.all) { ![.generic, .native()].contains($0) }
}
