/// What the distance between tokens adds to a kernel's name: nothing where they are dense.
func strideSuffix(_ operand: String, _ stride: Int, dense: Int) -> String {
    stride == dense ? "" : "_\(operand)\(stride)"
}
