import FileIO

// What FileIO says of a file, with advice for checkpoints.
extension Flaw {
    init(reading error: FileError) {
        switch error.reason {
        case .missing:
            self.init(
                kind: .unreadable, problem: "no such file",
                expected: "a checkpoint (.pth or .safetensors)", hint: "check the path")
        case .isFolder:
            self.init(
                kind: .unreadable, problem: error.problem, expected: "a file",
                hint: "name the .pth or .safetensors file inside it")
        case .isPipeOrDevice:
            self.init(
                kind: .unreadable, problem: error.problem, expected: "a file on disk",
                hint: "a pipe or device cannot be mapped: save its content as a file first")
        case .other:
            self.init(
                kind: .unreadable, problem: error.problem,
                expected: "a checkpoint (.pth or .safetensors)",
                hint: "check the file's permissions")
        }
    }

    init(writing error: FileError) {
        self.init(
            kind: .unwritable, problem: error.problem,
            expected: "a file in a folder that exists and has room",
            hint: "check that the folder exists, may be written to, and has space left")
    }
}
