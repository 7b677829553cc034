#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Gives two files or folders each the other's name in one step, so that at no moment either name
/// is without one.
///
/// - Returns: false, with nothing changed, where the system or the file system cannot do that.
/// - Throws: `FileError` about `place`.
public func exchange(_ path: String, with place: String) throws(FileError) -> Bool {
    #if os(Linux)
        guard let renameat2 else { return false }
        if renameat2(AT_FDCWD, path, AT_FDCWD, place, exchangeFlag) == 0 { return true }
        guard [EINVAL, ENOSYS, EOPNOTSUPP].contains(errno) else {
            throw FileError.system(place, "cannot be replaced")
        }
    #endif
    return false
}

#if os(Linux)
    /// `RENAME_EXCHANGE` of stdio.h.
    private let exchangeFlag: UInt32 = 2

    private typealias RenameAt =
        @convention(c) (
            Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32
        ) -> Int32

    /// Swift's module of the C library leaves this function out, and old C libraries lack it.
    private let renameat2: RenameAt? = dlsym(nil, "renameat2").map {
        unsafeBitCast($0, to: RenameAt.self)
    }
#endif
