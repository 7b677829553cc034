// Names and texts in files come from strangers, and a terminal obeys what it should only show: an
// escape sequence can clear the screen or retitle the window, a line end can forge a message, a
// direction mark can make a name read as another.

extension String {
    /// The text with control characters, line ends among them, and marks of direction as escapes
    /// (`\n`, `\u{1B}`). What a message or a cell of a table quotes from a file goes through this.
    public var printable: String { escaping(by: \.swiftEscape) { $0.isObeyed } }

    /// The same of a whole output, whose line feeds and tabs stay.
    public var printableLines: String {
        escaping(by: \.swiftEscape) { $0.isObeyed && $0 != "\n" && $0 != "\t" }
    }

    /// The same of a JSON document, whose texts stay what they are to a program.
    public var printableJSON: String {
        escaping(by: \.jsonEscape) { $0.isObeyed && $0 != "\n" && $0 != "\t" }
    }

    private func escaping(
        by escape: (Unicode.Scalar) -> String, where isEscaped: (Unicode.Scalar) -> Bool
    ) -> String {
        guard unicodeScalars.contains(where: isEscaped) else { return self }
        var result = ""
        for scalar in unicodeScalars {
            if isEscaped(scalar) {
                result += escape(scalar)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension Unicode.Scalar {
    /// Whether a terminal does something else with it than show it.
    fileprivate var isObeyed: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: properties.isBidiControl
        }
    }

    fileprivate var swiftEscape: String { escaped(asASCII: true) }

    /// All that are obeyed lie in the plane that four digits reach.
    fileprivate var jsonEscape: String {
        let digits = String(value, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}
