// swift-tools-version: 6.2
import PackageDescription

// A package that depends on hilo has the command `swift package generate-hilo`.
let package = Package(
    name: "generate",
    dependencies: [.package(path: "../../..")]
)
