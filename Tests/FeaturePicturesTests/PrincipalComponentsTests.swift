import Foundation
import Testing

@testable import FeaturePictures

@Suite struct PrincipalComponentsTests {
    /// Tokens that lie on three known axes, at right angles, with known variances.
    private static let axes: [[Double]] = [
        [0.5, 0.5, 0.5, 0.5], [0.5, -0.5, 0.5, -0.5], [-0.5, -0.5, 0.5, 0.5],
    ]

    /// Coordinates on the axes that are uncorrelated: whole waves over 64 tokens.
    private static func coordinate(_ axis: Int, _ token: Int) -> Double {
        let sign = [token & 1, token >> 1 & 1, token >> 2 & 1][axis] == 0 ? 1.0 : -1.0
        return sign * [8, 4, 2][axis]
    }

    private static let map = FeatureMap(
        channels: 4, height: 8, width: 8,
        values: (0..<4 * 64).map { value(channel: $0 / 64, token: $0 % 64) })

    private static func value(channel: Int, token: Int) -> Float {
        Float((0..<3).reduce(100) { $0 + coordinate($1, token) * axes[$1][channel] })
    }

    @Test func knownAxesAreFound() throws {
        let components = PrincipalComponents(of: Self.map, at: Array(0..<64))
        try #require(components.axes.count == 3)
        for (axis, expected) in zip(components.axes, Self.axes) {
            // Either direction has largest loadings of 0.5: rounding decides.
            #expect(abs(abs(dot(axis, expected)) - 1) < 1e-12)
        }
    }

    @Test func scoresAreCoordinates() {
        let tokens = Array(0..<64)
        let components = PrincipalComponents(of: Self.map, at: tokens)
        for axis in 0..<3 {
            let scores = components.scores(axis, of: Self.map, at: tokens)
            let turn = dot(components.axes[axis], Self.axes[axis]) < 0 ? -1.0 : 1.0
            for token in tokens {
                let difference = turn * (scores[token] - scores[0])
                let expected = Self.coordinate(axis, token) - Self.coordinate(axis, 0)
                #expect(abs(difference - expected) < 1e-9)
            }
        }
    }

    /// Three planted directions are found from a part of the tokens, when all would take too long.
    @Test func aPartOfManyTokensIsEnough() throws {
        let (channels, tokens) = (1024, 4200)
        let loading = { (axis: Int, channel: Int) in channel >> axis & 1 == 0 ? 1.0 / 32 : -1.0 / 32
        }
        let waves = (0..<tokens).map { (token: Int) -> [Double] in
            let turn = 2 * Double.pi * Double(token) / Double(tokens)
            return [8 * cos(3 * turn), 4 * cos(5 * turn), 2 * cos(7 * turn)]
        }
        let map = FeatureMap(
            channels: channels, height: 60, width: 70,
            values: (0..<channels * tokens).map { index in
                let (channel, token) = (index / tokens, index % tokens)
                let planted = (0..<3).reduce(0) { $0 + loading($1, channel) * waves[token][$1] }
                return Float(planted + 0.01 * Self.noise(channel, token))
            })
        let components = PrincipalComponents(of: map, at: Array(0..<tokens))
        try #require(components.axes.count == 3)
        for axis in 0..<3 {
            let planted = (0..<channels).map { loading(axis, $0) }
            #expect(abs(dot(components.axes[axis], planted)) > 0.999)
        }
    }

    @Test func theLargestLoadingIsPositive() throws {
        let map = FeatureMap(
            channels: 2, height: 1, width: 4, values: [1, 2, 3, 4, -2, -4, -6, -8])
        let axis = try #require(PrincipalComponents(of: map, at: [0, 1, 2, 3]).axes.first)
        #expect(axis[1] > 0.89 && axis[0] < -0.44)
    }

    /// The residual of A·v = λ·v, for a matrix whose eigenvalues fall slowly.
    @Test(arguments: [1, 2, 3, 7, 8, 9, 60]) func eigenvectorsSolveTheirEquation(order: Int) {
        var matrix = SymmetricMatrix(order: order)
        let vectors = (0..<order).map { row in
            (0..<order + 5).map { column in Self.noise(row, column) }
        }
        matrix.addProducts(of: vectors)
        let found = matrix.leadingEigenvectors(3)
        #expect(found.count == min(order, 3))
        #expect(found.map(\.value) == found.map(\.value).sorted(by: >))
        for eigenvector in found {
            let image = matrix.times([eigenvector.vector])[0]
            for (x, y) in zip(image, eigenvector.vector) {
                #expect(abs(x - eigenvector.value * y) < 1e-4 * matrix.trace)
            }
            #expect(abs(dot(eigenvector.vector, eigenvector.vector) - 1) < 1e-12)
        }
    }

    private static func noise(_ row: Int, _ column: Int) -> Double {
        let residue = (row * 31 + column * 17 + row * column * 7) % 101
        return Double(residue) / 101 - 0.5
    }

    @Test(arguments: [0, 1, 7, 8, 9, 40]) func innerProducts(count: Int) {
        let left = (0..<count).map { Double($0) }
        let right = (0..<count).map { Double(2 * $0 + 1) }
        #expect(dot(left, right) == zip(left, right).reduce(0) { $0 + $1.0 * $1.1 })
    }
}
