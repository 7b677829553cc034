/// The product of `factors`, or nil when it overflows or a factor is negative.
func checkedProduct(_ factors: [Int]) -> Int? {
    var product = 1
    for factor in factors {
        let (next, overflow) = product.multipliedReportingOverflow(by: factor)
        guard factor >= 0, !overflow else { return nil }
        product = next
    }
    return product
}

/// `a + b`, or nil when it overflows.
func checkedSum(_ a: Int, _ b: Int) -> Int? {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? nil : sum
}
