//! The result of applying a recipe to a file.

/// The new text of a file that a codemod changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite {
    pub text: String,
    /// The number of rewritten places.
    pub edits: usize,
}
