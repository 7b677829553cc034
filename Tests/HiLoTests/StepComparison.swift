import Foundation
import HiLoKit
import TestFixtures

/// Holds each step of a library to PyTorch's fake-quantised network while it runs.
///
/// Integers must be equal but for those that lie near the middle between two before they are rounded. These
/// become PyTorch's before the next step reads them, so that later ones can be equal too. Sums of
/// integers must be equal: what products write is a sum behind so few roundings that no other integer would
/// be as near. Those of a ConvFFN that is one kernel say the same of the integers inside.
final class StepComparison {
    /// What was compared, and what differed.
    private(set) var integers = 0, sums = 0, moved = 0
    private(set) var problems: [String] = []

    private let pass: Pass
    private let kernels: [Kernel]
    private let rounded: [String: Rounded]
    private let products: [String: Product]
    private var unseen: Set<String>
    /// What the product that comes next adds to.
    private var residual: [Float] = []

    private struct Rounded {
        let isInteger: Bool
        let values: [Float]
        let near: Set<Int>
    }

    private struct Product {
        let after: QuantisedCase.Product.After
        let sums, steps, biases: [Double]
    }

    /// Half the distance from 1 to the next float.
    private static let unit = 0x1p-24

    /// - Parameter tensor: of the case, by its name.
    init(
        _ item: QuantisedCase, _ plan: Plan, _ tensor: (_ name: String) throws -> [Double]
    ) throws {
        pass = plan.variants[0].passes[0]
        kernels = plan.variants[0].kernels
        var rounded = [
            // Pixels of the input itself.
            "patches": Rounded(
                isInteger: false, values: try tensor("patches").map { Float($0) }, near: [])
        ]
        for entry in item.rounded {
            rounded[entry.label] = Rounded(
                isInteger: entry.isInteger, values: try tensor(entry.label).map { Float($0) },
                near: Set(entry.near))
        }
        var products: [String: Product] = [:]
        for entry in item.products {
            products[entry.label] = Product(
                after: entry.after, sums: try tensor("\(entry.label).sums"),
                steps: try tensor("\(entry.label).step"), biases: try tensor("\(entry.label).bias"))
        }
        (self.rounded, self.products) = (rounded, products)
        unseen = Set(rounded.keys).union(products.keys)
    }

    func visit(_ observed: ObservedStep) {
        let step = pass.steps[observed.index], kernel = kernels[step.kernel]
        let isWhole = kernel.family == FusedConvFFN.id
        let label = isWhole ? "\(step.label).fc2" : step.label
        guard let output = observed.outputs[0] else { return problems.append("\(label): nothing") }
        if observed.isDone {
            compare(label, output, kernel.operands)
            unseen.remove(label)
            if isWhole { unseen.subtract(["fc1", "dwconv.dwconv"].map { "\(step.label).\($0)" }) }
        } else if products[label]?.after == .residual, let input = observed.inputs[1] {
            residual = floats(at: input, kernel.operands.inputs[1])
        }
    }

    private func compare(
        _ label: String, _ output: UnsafeMutableRawPointer, _ operands: Operands
    ) {
        let written = operands.outputs[0]
        if let product = products[label] {
            compare(label, floats(at: output, written), product, columns: written.width)
        } else if let expected = rounded[label] {
            compare(label, output, written, expected)
        } else if written.type != .f32 || operands.inputs[0].type == .int8 {
            problems.append("\(label): not in the fixture")
        }
    }

    /// Steps that the library did not take are problems too.
    func finish() {
        for label in unseen.sorted() { problems.append("\(label): the library has no such step") }
    }

    // MARK: Rounded tensors

    private func compare(
        _ label: String, _ output: UnsafeMutableRawPointer, _ written: Operand, _ expected: Rounded
    ) {
        let isOfType = written.type == (expected.isInteger ? .int8 : .bf16)
        guard isOfType, written.rows * written.width == expected.values.count else {
            return problems.append(
                "\(label): expected \(expected.values.count) values, found \(written)")
        }
        var wrong: [String] = []
        for (index, value) in expected.values.enumerated() {
            let offset = index / written.width * written.stride + index % written.width
            let place = output + offset * written.type.bytes
            let difference =
                expected.isInteger
                ? exchange(integerAt: place, Int(value)) : exchange(halfAt: place, value)
            if difference == 0 { continue }
            if difference == 1 && expected.near.contains(index) {
                moved += 1
            } else {
                wrong.append("value \(index) is \(difference) from \(value)")
            }
        }
        if let first = wrong.first {
            problems.append("\(label): \(wrong.count) of \(expected.values.count), \(first)")
        }
        if expected.isInteger { integers += expected.values.count }
    }

    /// How far the integer is from the expected one, which it becomes.
    private func exchange(integerAt place: UnsafeMutableRawPointer, _ expected: Int) -> Int {
        let zero = 128
        let found = Int(place.load(as: UInt8.self)) - zero
        place.storeBytes(of: UInt8(expected + zero), as: UInt8.self)
        return abs(found - expected)
    }

    /// The same in units of a bf16's last place.
    private func exchange(halfAt place: UnsafeMutableRawPointer, _ expected: Float) -> Int {
        let bits = BF16(expected).bits
        let found = place.load(as: UInt16.self)
        place.storeBytes(of: bits, as: UInt16.self)
        return abs(Int(found) - Int(bits))
    }

    // MARK: Products

    private func compare(
        _ label: String, _ found: [Float], _ product: Product, columns: Int
    ) {
        guard found.count == product.sums.count, columns == product.steps.count,
            product.after != .residual || residual.count == found.count
        else {
            return problems.append(
                "\(label): expected \(product.sums.count) sums, found \(found.count)")
        }
        var wrong: [String] = []
        for index in found.indices {
            let column = index % columns
            let scaled = product.sums[index] * product.steps[column]
            let sum = scaled + product.biases[column]
            let (expected, bound) = finished(sum, scaled, index, product.after)
            let difference = abs(Double(found[index]) - expected)
            // Another integer would be off by more, but where GELU is flat.
            let isDecided = product.after == .gelu || 2 * bound < product.steps[column]
            if !(difference <= bound) || !isDecided {
                wrong.append("value \(index) is \(found[index]), expected \(expected) ± \(bound)")
            }
        }
        if let first = wrong.first {
            problems.append("\(label): \(wrong.count) of \(found.count), \(first)")
        }
        sums += found.count
    }

    /// What becomes of an exact sum, and how far single precision may be from it: the product with the step,
    /// the bias and the residual are rounded once each; GELU's slope is at most 1.13, and its
    /// approximation good to four units of what it is of.
    private func finished(
        _ sum: Double, _ scaled: Double, _ index: Int, _ after: QuantisedCase.Product.After
    ) -> (Double, bound: Double) {
        let bound = Self.unit * (abs(scaled) + abs(sum)) * (1 + Self.unit)
        switch after {
        case .none: return (sum, bound)
        case .residual:
            let total = sum + Double(residual[index])
            return (total, bound + Self.unit * (abs(total) + bound))
        case .gelu:
            let value = 0.5 * sum * erfc(-sum * 0.5.squareRoot())
            return (value, 1.13 * bound + 4 * Self.unit * abs(sum))
        }
    }

    private func floats(at place: UnsafeRawPointer, _ operand: Operand) -> [Float] {
        (0..<operand.rows * operand.width).map { index in
            let offset = index / operand.width * operand.stride + index % operand.width
            return place.load(fromByteOffset: 4 * offset, as: Float.self)
        }
    }
}
