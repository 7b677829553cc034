import Dispatch

/// `transform` of every element, on all cores, in order.
package func concurrentMap<Element: Sendable, Result: Sendable>(
    _ elements: [Element], _ transform: @Sendable (Element) -> Result
) -> [Result] {
    var results = [Result?](repeating: nil, count: elements.count)
    results.withUnsafeMutableBufferPointer { buffer in
        // Every iteration writes its own element.
        nonisolated(unsafe) let target = buffer
        DispatchQueue.concurrentPerform(iterations: elements.count) { index in
            target[index] = transform(elements[index])
        }
    }
    return results.compactMap { $0 }
}
