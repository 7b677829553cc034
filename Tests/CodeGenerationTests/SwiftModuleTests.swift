import CodeGeneration
import Foundation
import Machines
import Networks
import Planning
import Synchronization
import Templates
import TestFixtures
import Testing
import Toolchain

/// What a Swift package is rendered from; SwiftPackageTests builds one.
@Suite struct SwiftModuleTests {
    /// Classifiers, layers, detectors and segmenters, and a backbone.
    private func plans() throws -> [Plan] {
        let target = try Target(isa: .generic, maxBatch: 2)
        return try samplePlans() + headPlans() + [Planner(backbone(), target).plan()]
    }

    private func backbone() throws -> Network {
        Network(
            try LITv2(name: "maps", height: 64, width: 96) {
                PatchEmbedding(channels: 12)
                Stage(depth: 1) { ConvFFN() }
                TokenMerging()
                Stage(depth: 1) { ConvFFN() }
                FeatureMaps()
            })
    }

    private func files(_ plan: Plan, observer: Renderer.Observer? = nil) -> [GeneratedFile] {
        let module = SwiftModule(plan, observer: observer)
        return module.files(resources: ["\(plan.network.name).safetensors", "labels.txt"])
            + module.sources(of: Generator(plan).files())
    }

    @Test func everyTagNamesAPropertyOfItsContext() throws {
        let unknown = Mutex<Set<String>>([]), used = Mutex<Set<String>>([])
        for plan in try plans() {
            let files = files(plan) { template, context in
                used.withLock { _ = $0.insert(template) }
                let tags = TagChecker.unknownTags(
                    template: template, context: context, in: TemplateFiles.swift)
                unknown.withLock { $0.formUnion(tags) }
            }
            for file in files { #expect(!file.contents.contains("<%"), "\(file.path)") }
            #expect(Set(files.map(\.path)).count == files.count)
        }
        #expect(unknown.withLock { $0 } == [])
        #expect(used.withLock { $0 } == Set(TemplateFiles.swift.keys))
    }

    /// Kernels of an instruction set say which it is, and nothing else does; nothing fuses by itself.
    @Test func everyFileOfCSaysWhatItMayUse() throws {
        let plan = try #require(try samplePlans().first { $0.target.isas.count == 3 })
        let files = files(plan)
        for file in files where file.path.hasSuffix(".c") {
            let isa = ISA.all.first {
                !$0.compileFlags.isEmpty && file.path.contains("/kernels/\($0.name)/")
            }
            let lines = file.contents.split(separator: "\n")
            #expect(
                lines.first == isa.map { "#include \"begin_\($0.name).h\"" }
                    ?? "#pragma STDC FP_CONTRACT OFF", "\(file.path)")
            #expect((lines.last == "#pragma clang attribute pop") == (isa != nil), "\(file.path)")
        }
        let beginnings = files.filter { $0.path.contains("/begin_") }
        #expect(beginnings.count == 2)
        for file in beginnings {
            #expect(file.contents.contains("#include <immintrin.h>\n"))
            #expect(file.contents.contains("#pragma STDC FP_CONTRACT OFF\n"))
        }
        let avx2 = beginnings.first { $0.path.hasSuffix("avx2.h") }?.contents
        #expect(avx2?.contains("__attribute__((target(\"avx2,fma\")))") == true)
        #expect(avx2?.contains("#define __FMA__ 1\n") == true)
    }

    /// The status codes of the module are the header's.
    @Test func statusIsTheHeaders() throws {
        for plan in try plans() {
            let name = plan.network.name
            let files = files(plan)
            let header = try #require(files.first { $0.path.hasSuffix("/\(name).h") }).contents
            let module = try #require(files.first { $0.path.hasSuffix("/ModelError.swift") })
                .contents
            let expected = header.matches(of: /([A-Z0-9_]+) = (\d+),/).map {
                (
                    $0.1.dropFirst(name.count + 1).replacing("_", with: "").lowercased(),
                    String($0.2)
                )
            }.dropFirst().map { "\($0) \($1)" }
            let found = module.matches(of: /case (\w+) = (\d+)/).map {
                "\($0.1.lowercased()) \($0.2)"
            }
            #expect(found == Array(expected) && found.count >= 8)
        }
    }

    /// Swift takes the module of every kind of network.
    @Test func everyKindOfModuleIsSwift() async throws {
        guard let swiftc = Program.find("swiftc") else {
            return print("SKIPPED: no swiftc on the PATH")
        }
        let target = try Target(isa: .generic, maxBatch: 2)
        let heads = try headPlans()
        let layer = try #require(try samplePlans().first { $0.network.image == nil })
        let kinds = try [layer, Planner(backbone(), target).plan()] + heads
        // Of heads, masks at one size and labels at all cover what the others have.
        let chosen = TestScope.chosen(Array(kinds.indices)) {
            ![0, 1, 2, 5].contains($0) && $0 > 1
        }
        for index in chosen {
            try await withTemporaryFolder { try await typeCheck(kinds[index], swiftc, in: $0) }
        }
    }

    private func typeCheck(_ plan: Plan, _ swiftc: String, in folder: URL) async throws {
        let name = plan.network.name
        // What SwiftPM adds to a module with resources.
        let bundle = GeneratedFile(
            path: "Sources/\(name)/Bundle.swift",
            contents: "import Foundation\nextension Bundle { static let module = Bundle.main }\n")
        for file in files(plan) + [bundle] {
            let place = folder.appending(path: file.path)
            try FileManager.default.createDirectory(
                at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(file.contents.utf8).write(to: place)
        }
        let sources = folder.appending(path: "Sources/\(name)")
        let files = try FileManager.default.contentsOfDirectory(atPath: sources.path)
            .filter { $0.hasSuffix(".swift") }.map { sources.appending(path: $0).path }
        #expect(files.count >= 5)
        try await runSuccessfully(
            swiftc,
            [
                "-typecheck", "-swift-version", "6", "-warnings-as-errors", "-parse-as-library",
                "-module-name", name, "-I", folder.appending(path: "Sources/C\(name)/include").path,
            ] + files)
    }
}
