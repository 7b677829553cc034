// swift-tools-version: 6.2
import PackageDescription

// One pipeline, one target a stage:
//   Networks → Planning → CodeGeneration → (disk) → Toolchain
//   Checkpoints ────────────────┘
// docs/ARCHITECTURE.md draws it and says what each target may import.

let package = Package(
    name: "hilo",
    platforms: [.macOS(.v14)],
    products: [
        .library(name: "HiLoKit", targets: ["HiLoKit"]),
        .executable(name: "hilo", targets: ["hilo"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        .target(
            name: "Networks",
            dependencies: [.product(name: "Yams", package: "Yams")]),
        .target(name: "Checkpoints", dependencies: ["FileIO"]),
        .target(name: "Planning", dependencies: ["Networks"]),
        .target(
            name: "Templates",
            path: "Templates",
            resources: [.embedInCode("c"), .embedInCode("html")]),
        .target(
            name: "CodeGeneration",
            dependencies: [
                "Planning", "Templates", "Checkpoints",
                .product(name: "Mustache", package: "swift-mustache"),
            ]),
        .target(name: "Reference", dependencies: ["Networks"]),
        .target(
            name: "Toolchain",
            dependencies: [.product(name: "Subprocess", package: "swift-subprocess")]),
        .target(
            name: "HiLoKit",
            dependencies: [
                "Networks", "Checkpoints", "Planning", "CodeGeneration", "Reference", "Toolchain",
                "ArrayFiles",
            ]),
        .target(
            name: "Tuning",
            dependencies: ["HiLoKit", "Planning", "CodeGeneration", "Toolchain", "FileIO"]),
        .executableTarget(
            name: "hilo",
            dependencies: [
                "HiLoKit", "Tuning", "ArrayFiles", "FeaturePictures", "FileIO", "ImageFiles",
                "Templates",
                .product(name: "Mustache", package: "swift-mustache"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .target(name: "FileIO"),
        .target(name: "ArrayFiles", dependencies: ["FileIO"]),
        // Decoding PNG and JPEG files is the work of libpng and libjpeg-turbo
        // (apt: libpng-dev, libjpeg62-turbo-dev; brew: libpng, jpeg-turbo).
        .target(
            name: "CImageLibraries",
            linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg")]),
        .target(name: "ImageFiles", dependencies: ["CImageLibraries", "FileIO"]),
        .target(name: "FeaturePictures", dependencies: ["ImageFiles"]),

        // Reads Tests/Fixtures for the test targets.
        .target(
            name: "TestFixtures", dependencies: ["Networks", "Checkpoints"], path: "Tests/Support"),
        .testTarget(name: "NetworksTests", dependencies: ["Networks", "TestFixtures"]),
        .testTarget(
            name: "CheckpointsTests", dependencies: ["Checkpoints"],
            resources: [.copy("Fixtures")]),
        .testTarget(name: "FileIOTests", dependencies: ["FileIO"]),
        .testTarget(name: "ArrayFilesTests", dependencies: ["ArrayFiles"]),
        .testTarget(name: "ImageFilesTests", dependencies: ["ImageFiles"]),
        .testTarget(name: "FeaturePicturesTests", dependencies: ["FeaturePictures", "ImageFiles"]),
        .testTarget(name: "PlanningTests", dependencies: ["Networks", "Planning"]),
        .testTarget(
            name: "ReferenceTests", dependencies: ["Networks", "Reference", "TestFixtures"]),
        .testTarget(name: "ToolchainTests", dependencies: ["Toolchain"]),
        .testTarget(name: "VectorTests", dependencies: ["Toolchain"]),
        .testTarget(
            name: "CodeGenerationTests",
            dependencies: ["Checkpoints", "CodeGeneration", "Networks", "Planning", "Templates"]),
        .testTarget(name: "TuningTests", dependencies: ["Tuning", "HiLoKit", "Toolchain"]),
        .testTarget(
            name: "CommandLineTests",
            dependencies: ["hilo", "HiLoKit", "Toolchain", "ArrayFiles", "ImageFiles"]),
        .testTarget(
            name: "HiLoTests",
            dependencies: ["HiLoKit", "Planning", "ArrayFiles", "ImageFiles", "TestFixtures"]),
    ],
    swiftLanguageModes: [.v6]
)
