// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "app",
    platforms: [.macOS(.v15)],
    dependencies: [.package(path: "digits-swift")],
    targets: [
        .executableTarget(
            name: "app", dependencies: [.product(name: "digits", package: "digits-swift")])
    ],
    swiftLanguageModes: [.v6]
)
