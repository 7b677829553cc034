import ArrayFiles
import Foundation
import HiLoKit
import ImageFiles
import TestFixtures
import Testing

/// A backbone from flags to feature maps and pictures, at several resolutions.
@Suite(.enabled("no C compiler with OpenMP") { await Compiler.isThere })
struct FeatureTests {
    @Test func aBackboneIsGeneratedVerifiedAndRun() async throws {
        let sandbox = try Sandbox()
        try sandbox.writeConfiguration()
        let generated = try await sandbox.hilo(
            "generate", "--config", "tiny.yaml", "--task", "features", "--resolution", "37x70",
            "--resolution", "64", "--window", "3", "--isa", "generic", "--name", "dense",
            "--seed", "2", "--output", "lib")
        #expect(generated.status == 0, "\(generated.stderr)")
        let verified = try await sandbox.hilo("verify", "lib", "--json")
        #expect(verified.status == 0, "\(verified.stdout) \(verified.stderr)")
        #expect(verified.stdout.contains(#""name":"37x70, image 1, stage 4","passed":true"#))
        try await run(sandbox)
        try await photos(sandbox)
        try await mistakes(sandbox)
    }

    private func run(_ sandbox: Sandbox) async throws {
        let plan = try Plan(json: Data(contentsOf: sandbox.file("lib/plan.json")))
        for resolution in plan.resolutions {
            let network = try plan.network.at(resolution)
            let input = SeededValues(seed: 5, name: "input")
                .values(2 * network.inputShape.reduce(1, *))
            try NPYArray(shape: [2] + network.inputShape, values: input)
                .write(to: sandbox.file("x.npy").path)
            let ending = try await sandbox.hilo(
                "run", "lib", "--input", "x.npy", "--resolution", "\(resolution)", "--output",
                "maps", "--visualize")
            #expect(ending.status == 0, "\(ending.stderr)")
            for (stage, shape) in zip(1...4, network.outputShapes) {
                let map = try NPYArray(contentsOf: sandbox.file("maps/stage\(stage).npy").path)
                #expect(map.shape == [2] + shape)
                let picture = try RGBImage(
                    contentsOf: sandbox.file("maps/stage\(stage)_1.png").path)
                #expect(picture.width * shape[1] == picture.height * shape[2])
            }
        }
    }

    /// A camera's orientation turns a photo, unless it is to be ignored.
    private func photos(_ sandbox: Sandbox) async throws {
        for kind in ["jpg", "png"] {
            let stored = try await firstMap(of: "rgb.\(kind)", in: sandbox)
            let rotated = "rotated.\(kind)"
            #expect(try await firstMap(of: rotated, in: sandbox) != stored)
            #expect(try await firstMap(of: rotated, "--ignore-orientation", in: sandbox) == stored)
        }
    }

    private func firstMap(
        of picture: String, _ flags: String..., in sandbox: Sandbox
    ) async throws -> NPYArray {
        let images = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/images")
        let arguments = [
            "run", "lib", "--input", images.appending(path: picture).path, "--resolution", "64",
            "--output", "photo",
        ]
        let ending = try await sandbox.hilo(arguments + flags)
        #expect(ending.status == 0, "\(ending.stderr)")
        return try NPYArray(contentsOf: sandbox.file("photo/stage1.npy").path)
    }

    private func mistakes(_ sandbox: Sandbox) async throws {
        try await sandbox.expectFailure(
            65, of: ["run", "lib", "--input", "x.npy"], saying: ["x.npy", "3 x 37 x 70", "64"])
        try await sandbox.expectFailure(
            64, of: ["run", "lib", "--input", "x.npy", "--resolution", "32"],
            saying: ["32x32", "37x70, 64x64"])
        try await sandbox.expectFailure(
            64, of: ["run", "lib", "--input", "x.npy", "--resolution", "64", "--top", "3"],
            saying: ["--top", "feature maps", "--task classify"])
        try await sandbox.expectFailure(
            64, of: ["run", "lib", "--input", "x.npy", "--resolution", "64", "--visualize"],
            saying: ["--visualize", "--output"])
        try await sandbox.expectFailure(
            73,
            of: [
                "run", "lib", "--input", "x.npy", "--resolution", "64", "--output",
                "lib/plan.json/maps",
            ], saying: ["lib/plan.json/maps"])
    }

    /// A classifier's checkpoint serves a backbone: what it lacks and what is left over is said.
    @Test func aClassifierBecomesABackbone() async throws {
        let sandbox = try Sandbox()
        try sandbox.writeConfiguration()
        try sandbox.writeCheckpoint("classifier.safetensors") { parameters in
            parameters.map { Parameter("backbone." + $0.name, $0.shape) }
        }
        let arguments = [
            "generate", "--config", "tiny.yaml", "--checkpoint", "classifier.safetensors",
            "--isa", "generic", "--task", "features", "--output", "lib",
        ]
        let generated = try await sandbox.hilo(arguments)
        #expect(generated.status == 0, "\(generated.stderr)")
        #expect(generated.stderr.contains("backbone.head.weight"))
        #expect(generated.stderr.contains("norm3.weight"))
        #expect(try !parameters(of: "lib", sandbox).contains("norm0.weight"))
    }

    /// A segmenter's checkpoint has a norm behind the first stage, which belongs to the network.
    @Test func aSegmentersFirstNormIsNotLeftOut() async throws {
        let sandbox = try Sandbox()
        try sandbox.writeConfiguration()
        try sandbox.writeCheckpoint("segmenter.safetensors") { parameters in
            let norm = ["weight", "bias"].map { Parameter("norm0.\($0)", [12]) }
            return (parameters + norm).map { Parameter("backbone." + $0.name, $0.shape) }
        }
        let generated = try await sandbox.hilo(
            "generate", "--config", "tiny.yaml", "--checkpoint", "segmenter.safetensors",
            "--isa", "generic", "--task", "features", "--output", "lib")
        #expect(generated.status == 0, "\(generated.stderr)")
        #expect(!generated.stderr.contains("norm0"))
        #expect(try parameters(of: "lib", sandbox).contains("norm0.weight"))
        // A plan is compared with the network of the flags and the same checkpoint.
        let again = try await sandbox.hilo(
            "plan", "--config", "tiny.yaml", "--checkpoint", "segmenter.safetensors",
            "--isa", "generic", "--task", "features", "--plan", "lib/plan.json")
        #expect(again.status == 0, "\(again.stderr)")
    }

    private func parameters(of library: String, _ sandbox: Sandbox) throws -> [String] {
        try Plan(json: Data(contentsOf: sandbox.file("\(library)/plan.json")))
            .network.parameters.map(\.name)
    }
}
