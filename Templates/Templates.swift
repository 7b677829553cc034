import Foundation

/// The C templates by name, embedded in the binary so that the generator needs no files.
public enum TemplateFiles {
