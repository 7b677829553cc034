import Foundation
import HiLoKit
import Testing

/// `Generated/` shows readers what the generator writes today, to the byte.
@Suite struct GeneratedFolderTests {
    @Test func generatedFolderIsUpToDate() throws {
        let folder = projectFolder.appending(path: "Generated/tiny")
        let files = Generator(try plan()).files()
        for file in files {
            let committed = try? String(
                contentsOf: folder.appending(path: file.path), encoding: .utf8)
            #expect(
                committed == file.contents,
                "Generated/tiny/\(file.path) is out of date: run 'make generated'")
        }
        let enumerator = FileManager.default.enumerator(
            at: folder, includingPropertiesForKeys: [.isRegularFileKey])
        let present = (enumerator?.allObjects as? [URL] ?? [])
            .filter { (try? $0.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true }
            .map {
                $0.standardizedFileURL.path.replacing(
                    folder.standardizedFileURL.path + "/", with: "")
            }
        #expect(Set(present) == Set(files.map(\.path)))
    }

    /// As `make generated` has it.
    private func plan() throws -> Plan {
        let source = "Examples/tiny.yaml"
        let yaml = try String(
            contentsOf: projectFolder.appending(path: source), encoding: .utf8)
        let network = Network(try LITv2(yaml: yaml, source: source))
        return try Planner(network, Target(isas: [.avx2, .avx512])).plan()
    }

    /// It shows the kernels that LITv2 is made of.
    @Test func generatedFolderHoldsEveryKernelOfAClassifier() throws {
        let families = Set(try plan().variants[0].kernels.map(\.family))
        #expect(families.isSuperset(of: ["conv_ffn", "gemm", "hifi_attention", "lofi_attention"]))
        #expect(families.isSuperset(of: ["patches", "sampling", "layer_norm", "depthwise_gelu"]))
    }

    /// What would make two machines write different files.
    @Test func generatedFilesNameNoPlaceAndNoTime() throws {
        for isa in ISA.all {
            for file in Generator(try Planner(smallNetwork(), Target(isa: isa)).plan()).files() {
                #expect(!file.contents.contains(NSHomeDirectory() + "/"), "\(file.path)")
                #expect(!file.contents.contains(projectFolder.path), "\(file.path)")
                #expect(!file.contents.contains("202\(6)-"), "\(file.path)")
            }
        }
    }
}
