// What a package that generates libraries needs comes with one import.
@_exported import Checkpoints
@_exported import CodeGeneration
@_exported import Graphs
@_exported import Kernels
@_exported import Machines
@_exported import Networks
@_exported import Planning
@_exported import Toolchain
