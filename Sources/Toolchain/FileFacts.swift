import Foundation

/// Where a file lies, how large it is, and when it was written: other facts where it changed in between.
struct FileFacts: Equatable, CustomStringConvertible {
    private let url: URL
    private let size: Int64
    private let seconds: Int
    private let nanoseconds: Int

    init(of url: URL) {
        self.url = url
        var status = stat()
        guard stat(url.filePath, &status) == 0 else {
            (size, seconds, nanoseconds) = (-1, 0, 0)
            return
        }
        size = Int64(status.st_size)
        #if os(macOS)
            let time = status.st_mtimespec
        #else
            let time = status.st_mtim
        #endif
        (seconds, nanoseconds) = (Int(time.tv_sec), Int(time.tv_nsec))
    }

    var isCurrent: Bool { self == FileFacts(of: url) }

    var description: String {
        size < 0 ? "\(url.filePath) missing" : "\(url.filePath) \(size) \(seconds) \(nanoseconds)"
    }
}
