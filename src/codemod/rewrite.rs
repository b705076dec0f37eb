//! The result of applying a recipe to a file.

/// The new text of a file that a codemod changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite {
    pub text: String,
    /// The number of rewritten places.
    pub edits: usize,
}

/// What a codemod makes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    Rewritten(Rewrite),
    Unchanged(Unchanged),
}

/// Why a codemod changes nothing in a file. Of several parts of a file, the greatest reason counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unchanged {
    /// The codemod has no parser for the file.
    NoLanguage,
    /// The pattern is no code in the language of the file, or the rules are for other languages.
    OtherLanguage,
    /// The file was read, and nothing matches.
    NoMatch,
    /// The regular expression would match if `^` and `$` meant the ends of lines.
    PerLine,
    /// Nothing matches, and a part of the file does not parse.
    Unparsed,
}
