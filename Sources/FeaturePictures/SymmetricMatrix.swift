/// A symmetric matrix of real numbers.
struct SymmetricMatrix {
    let order: Int
    private var elements: [Double]

    /// The matrix of zeros.
    init(order: Int) {
        self.order = order
        elements = [Double](repeating: 0, count: order * order)
    }

    /// - Parameter rows: the lower triangle is read.
    init(_ rows: [[Double]]) {
        self.init(order: rows.count)
        for row in 0..<order {
            for column in 0...row { self[row, column] = rows[row][column] }
        }
    }

    subscript(row: Int, column: Int) -> Double {
        get { elements[row * order + column] }
        set {
            elements[row * order + column] = newValue
            elements[column * order + row] = newValue
        }
    }

    var trace: Double { (0..<order).reduce(0) { $0 + self[$1, $1] } }

    /// Adds the inner products of all pairs of vectors.
    mutating func addProducts(of vectors: [[Double]]) {
        for row in 0..<order {
            for column in 0...row { self[row, column] += dot(vectors[row], vectors[column]) }
        }
    }

    mutating func divide(by divisor: Double) {
        for index in elements.indices { elements[index] /= divisor }
    }

    /// The products with vectors.
    func times(_ vectors: [[Double]]) -> [[Double]] {
        var products = vectors
        for row in 0..<order {
            let elements = elements[row * order..<(row + 1) * order]
            for (index, vector) in vectors.enumerated() {
                products[index][row] = dot(elements, vector[...])
            }
        }
        return products
    }
}

/// The inner product; the order of the sums depends on the length alone.
func dot(_ left: ArraySlice<Double>, _ right: ArraySlice<Double>) -> Double {
    let count = left.count
    return left.withUnsafeBytes { left in
        right.withUnsafeBytes { right in
            var sums = SIMD8<Double>.zero
            var index = 0
            while index + 8 <= count {
                let x = left.loadUnaligned(fromByteOffset: 8 * index, as: SIMD8<Double>.self)
                let y = right.loadUnaligned(fromByteOffset: 8 * index, as: SIMD8<Double>.self)
                sums += x * y
                index += 8
            }
            var sum = sums.sum()
            while index < count {
                let x = left.loadUnaligned(fromByteOffset: 8 * index, as: Double.self)
                sum += x * right.loadUnaligned(fromByteOffset: 8 * index, as: Double.self)
                index += 1
            }
            return sum
        }
    }
}

func dot(_ left: [Double], _ right: [Double]) -> Double { dot(left[...], right[...]) }
