import Foundation
import HiLoKit
import ImageFiles
import TestFixtures
import Testing

/// Wheels in Pythons of their own, and what Tests/Wheels compares.
extension Sandbox {
    private static let checks = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Wheels")

    /// Installs a wheel into an environment of its own, which has NumPy from another Python's.
    ///
    /// - Returns: the environment's Python.
    func install(_ wheel: URL, beside numpy: String) async throws -> String {
        let environment = file("venv").path
        try await runSuccessfully(numpy, ["-m", "venv", "--without-pip", environment])
        let python = "\(environment)/bin/python"
        try await runSuccessfully(
            numpy,
            [
                "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps",
                wheel.path,
            ])
        let program = """
            import numpy, pathlib, sys
            folder = next(pathlib.Path(sys.argv[1]).glob("lib/python*/site-packages"))
            (folder / "numpy.pth").write_text(str(pathlib.Path(numpy.__file__).parents[1]))
            """
        try await runSuccessfully(numpy, ["-c", program, environment])
        return python
    }

    /// A picture as Python reads it without another library: `picture.rgb`, and its sides in `size.json`.
    func writePixels(of picture: String) throws {
        let image = try RGBImage(contentsOf: picture)
        try Data(image.pixels).write(to: file("picture.rgb"))
        try write("size.json", "[\(image.height), \(image.width)]")
    }

    /// Runs a program of Tests/Wheels, which says that all is well.
    func expectWell(_ python: String, _ check: String, _ arguments: String...) async throws {
        let script = Self.checks.appending(path: check).path
        #expect(
            try await runSuccessfully(python, [script] + arguments).stdout.contains("all is well"))
    }
}
