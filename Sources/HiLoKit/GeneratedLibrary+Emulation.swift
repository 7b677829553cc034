import Toolchain

extension GeneratedLibrary {
    /// The library with a tile unit that vectors emulate, in a build of its own: kernels for one are verified
    /// on CPUs that lack it. It is slow, and otherwise computes the same.
    public func emulatingTiles() -> GeneratedLibrary {
        var other = self
        other.emulatesTiles = true
        return other
    }

    /// Whether a tile unit is all that `cpu` lacks of some variant.
    public func lacksTilesAlone(on cpu: HostCPU = .current()) -> Bool {
        !emulatesTiles && emulatingTiles().runnable(on: cpu).count > runnable(on: cpu).count
    }

    /// What it is compiled with beside the usual.
    var emulationFlags: [String] { emulatesTiles ? [Self.emulationFlag] : [] }

    /// What Templates/c/inner/tile_unit.h and the check of the CPU look for.
    package static let emulationFlag = "-DHILO_EMULATE_TILES"
}
