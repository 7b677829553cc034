import Foundation

extension FileManager {
    /// Removes a folder and what is in it, also where folders in it may not be written: whoever may
    /// replace a library may remove what was replaced. What cannot be removed stays.
    func removeTree(_ folder: String) {
        do {
            try removeItem(atPath: folder)
        } catch {
            makeFoldersWritable(from: folder)
            try? removeItem(atPath: folder)
        }
    }

    private func makeFoldersWritable(from folder: String) {
        chmod(folder, 0o700)
        for name in (try? contentsOfDirectory(atPath: folder)) ?? [] {
            let path = "\(folder)/\(name)"
            // Of a link this is the link's: what it leads to is somebody else's.
            let type = try? attributesOfItem(atPath: path)[.type] as? FileAttributeType
            if type == .typeDirectory { makeFoldersWritable(from: path) }
        }
    }
}
