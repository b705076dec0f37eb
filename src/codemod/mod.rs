//! Rewrites the text of one file, by syntax or by a regular expression, and reads its functions.
//!
//! The planner uses it to select files, and the built-in agent uses it to change them. It knows texts and file names,
//! and nothing of repositories, plans or runs.

mod embedded;
mod error;
mod functions;
mod language;
mod literals;
mod old_uses;
mod pattern;
mod recipe;
mod regex;
mod removal;
mod rewrite;
mod splice;
mod strings;
mod structural;
mod syntax;

pub use error::CodemodError;
pub(crate) use functions::functions;
pub use language::languages;
pub use old_uses::{OldUseCounter, OldUsePattern};
pub use recipe::{Codemod, Recipe};
pub use rewrite::{Applied, Unchanged};
pub(crate) use syntax::Grammar;

#[cfg(test)]
mod tests;
