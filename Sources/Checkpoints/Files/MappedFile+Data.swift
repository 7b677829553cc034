import FileIO
import Foundation

extension MappedFile {
    /// The bytes of `range`, without a copy; the file stays mapped as long as the result lives.
    ///
    /// - Precondition: `range` lies inside the file, which the readers check when they make it.
    func data(in range: Range<Int>) -> Data {
        guard !range.isEmpty else { return Data() }
        let slice = UnsafeRawBufferPointer(rebasing: bytes[range])
        guard let start = UnsafeMutableRawPointer(mutating: slice.baseAddress) else {
            return Data()
        }
        return Data(
            bytesNoCopy: start, count: slice.count,
            deallocator: .custom { _, _ in withExtendedLifetime(self) {} })
    }
}
