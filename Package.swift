// swift-tools-version: 6.2
import PackageDescription

// One pipeline, one target a stage:
//   Networks → Planning → CodeGeneration → (disk) → Toolchain
//   Checkpoints ────────────────┘
// docs/ARCHITECTURE.md draws it and says what each target may import.

let package = Package(
    name: "hilo",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "HiLoKit", targets: ["HiLoKit"]),
        .executable(name: "hilo", targets: ["hilo"]),
        .plugin(name: "GenerateHiLo", targets: ["GenerateHiLo"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        .target(name: "Graphs"),
        .target(name: "Reference"),
        .target(
            name: "Networks",
            dependencies: ["Graphs", "Reference", .product(name: "Yams", package: "Yams")]),
        .target(name: "Checkpoints", dependencies: ["FileIO"]),
        .target(name: "Machines"),
        .target(name: "Kernels", dependencies: ["Graphs", "Machines"]),
        .target(name: "Planning", dependencies: ["Graphs", "Kernels", "Machines", "Networks"]),
        .target(
            name: "Templates", path: "Templates", exclude: ["c", "html", "python", "swift"],
            plugins: ["EmbedTemplates"]),
        .plugin(
            name: "EmbedTemplates", capability: .buildTool(), dependencies: ["embed-templates"]),
        .executableTarget(name: "embed-templates"),
        .plugin(
            name: "GenerateHiLo",
            capability: .command(
                intent: .custom(
                    verb: "generate-hilo",
                    description: "Makes a Swift package of a network: its C, its weights, a module."
                ),
                permissions: [
                    .writeToPackageDirectory(reason: "The network's package is written there.")
                ])),
        .target(
            name: "CodeGeneration",
            dependencies: [
                "Checkpoints", "Graphs", "Kernels", "Machines", "Networks", "Planning", "Templates",
                .product(name: "Mustache", package: "swift-mustache"),
            ]),
        .target(
            name: "Toolchain",
            dependencies: ["FileIO", .product(name: "Subprocess", package: "swift-subprocess")]),
        .target(
            name: "HiLoKit",
            dependencies: [
                "ArrayFiles", "Checkpoints", "CodeGeneration", "FileIO", "Graphs", "Kernels",
                "Machines", "Networks", "Planning", "Reference", "Toolchain",
            ]),
        .target(
            name: "Tuning",
            dependencies: [
                "ArrayFiles", "CodeGeneration", "Evaluation", "FileIO", "HiLoKit", "Kernels",
                "Machines", "Planning",
                "Toolchain",
            ]),
        .target(
            name: "Packaging",
            dependencies: ["CodeGeneration", "FileIO", "HiLoKit", "Templates", "Toolchain"]),
        .executableTarget(
            name: "hilo",
            dependencies: [
                "HiLoKit", "Tuning", "ArrayFiles", "Evaluation", "FeaturePictures", "FileIO",
                "ImageFiles", "Packaging", "ResultPictures", "Templates",
                .product(name: "Mustache", package: "swift-mustache"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        // Adds records to a tuning database, for Tests/Faults/kill_tuners.py.
        .executableTarget(
            name: "merge-records", dependencies: ["FileIO", "Planning", "Tuning"],
            path: "Tests/Faults/merge-records"),
        .target(name: "FileIO"),
        .target(name: "ArrayFiles", dependencies: ["FileIO"]),
        // Decoding PNG and JPEG files is the work of libpng and libjpeg-turbo
        // (apt: libpng-dev, libjpeg62-turbo-dev; brew: libpng, jpeg-turbo).
        .target(
            name: "CImageLibraries",
            linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg")]),
        .target(name: "ImageFiles", dependencies: ["CImageLibraries", "FileIO"]),
        .target(name: "FeaturePictures", dependencies: ["ImageFiles"]),
        .target(name: "ResultPictures", dependencies: ["FileIO", "ImageFiles"]),
        .target(
            name: "Evaluation", dependencies: ["ArrayFiles", "FileIO", "ImageFiles", "Reference"]),

        // Reads Tests/Fixtures for the test targets, draws networks for them, and runs C of the harness
        // beside Swift.
        .target(
            name: "TestFixtures",
            dependencies: [
                "Checkpoints", "Graphs", "Kernels", "Machines", "Networks", "Templates",
                "Toolchain",
            ],
            path: "Tests/Support"),
        .testTarget(name: "GraphsTests", dependencies: ["Graphs", "Networks", "TestFixtures"]),
        .testTarget(
            name: "NetworksTests", dependencies: ["Graphs", "Networks", "TestFixtures"]),
        .testTarget(
            name: "CheckpointsTests", dependencies: ["Checkpoints", "FileIO"],
            resources: [.copy("Fixtures")]),
        .testTarget(name: "FileIOTests", dependencies: ["FileIO"]),
        .testTarget(name: "ArrayFilesTests", dependencies: ["ArrayFiles", "TestFixtures"]),
        .testTarget(name: "ImageFilesTests", dependencies: ["ImageFiles"]),
        .testTarget(name: "FeaturePicturesTests", dependencies: ["FeaturePictures", "ImageFiles"]),
        .testTarget(name: "ResultPicturesTests", dependencies: ["ResultPictures", "ImageFiles"]),
        .testTarget(
            name: "EvaluationTests", dependencies: ["Evaluation", "FileIO", "ImageFiles"],
            resources: [.copy("Fixtures")]),
        .testTarget(
            name: "KernelsTests", dependencies: ["Kernels", "HiLoKit", "TestFixtures", "Toolchain"]),
        .testTarget(
            name: "PlanningTests",
            dependencies: ["Graphs", "Kernels", "Machines", "Networks", "Planning", "TestFixtures"]),
        .testTarget(
            name: "ReferenceTests",
            dependencies: ["Graphs", "Networks", "Reference", "TestFixtures"]),
        .testTarget(name: "ToolchainTests", dependencies: ["FileIO", "Toolchain"]),
        .testTarget(
            name: "VectorTests", dependencies: ["Machines", "TestFixtures", "Toolchain"]),
        .testTarget(
            name: "CodeGenerationTests",
            dependencies: [
                "Checkpoints", "CodeGeneration", "Graphs", "Kernels", "Machines", "Networks",
                "Planning", "Templates", "TestFixtures", "Toolchain",
            ]),
        .testTarget(
            name: "TuningTests",
            dependencies: [
                "Tuning", "ArrayFiles", "CodeGeneration", "HiLoKit", "Planning", "TestFixtures",
                "Toolchain",
            ]),
        .testTarget(
            name: "PackagingTests",
            dependencies: [
                "Packaging", "ArrayFiles", "FileIO", "HiLoKit", "ImageFiles", "TestFixtures",
                "Toolchain",
            ]),
        // Parts of the program, called as functions.
        .testTarget(
            name: "HiloProgramTests",
            dependencies: [
                "hilo", "ArrayFiles", "FileIO", "HiLoKit", "ImageFiles", "TestFixtures",
                "Toolchain",
            ]),
        // They run the program.
        .testTarget(
            name: "CommandLineTests",
            dependencies: [
                "HiLoKit", "TestFixtures", "Toolchain", "ArrayFiles", "Evaluation",
                "FileIO", "ImageFiles",
            ]),
        .testTarget(
            name: "HiLoTests",
            dependencies: [
                "HiLoKit", "Planning", "ArrayFiles", "ImageFiles", "TestFixtures", "Toolchain",
            ]),
    ],
    swiftLanguageModes: [.v6]
)

// Optimising tests takes more time than they gain: what computes much are other modules, but for those that run
// plans and that work pictures out. Nor need their interfaces be made first: no other module waits for one.
let computing = ["PlanningTests", "FeaturePicturesTests"]
for target in package.targets where target.type == .test && !computing.contains(target.name) {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [.unsafeFlags(["-Onone", "-no-emit-module-separately-wmo"])]
}
