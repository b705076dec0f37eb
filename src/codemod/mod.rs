//! Rewrites the text of one file, by syntax or by a regular expression.
//!
//! The planner uses it to select files, and the built-in agent uses it to change them. It knows texts and file names,
//! and nothing of repositories, plans or runs.

mod error;
mod language;
mod old_uses;
mod pattern;
mod recipe;
mod regex;
mod rewrite;
mod splice;
mod structural;

pub use error::CodemodError;
pub use language::languages;
pub use old_uses::{OldUseCounter, OldUsePattern};
pub use recipe::{Codemod, Recipe};

#[cfg(test)]
mod tests;
