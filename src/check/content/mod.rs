//! Looks at the content of a unit's work: the texts of its files before and after, and what of the repository they
//! name.
//!
//! [`Gate::look_at`] returns [`Finding`]s: damage, which no model is needed to see, what was done without care, and
//! what a person looks at before it is published.
//! What becomes of them is decided by whoever runs the unit. [`restored_forms`] returns files in the form that they had
//! before. Knows nothing of git, plans or runs.

mod added_secrets;
mod damage;
mod deleted;
mod entry;
mod expectations;
mod file;
mod finding;
mod form;
mod format;
mod gate;
#[cfg(test)]
mod history;
mod instruction;
mod lost_exports;
mod repository;
mod rules;
mod sensitive;
mod undeclared;

pub(crate) use entry::{ChangedEntry, Entry, EntryKind};
pub(crate) use file::ChangedFile;
#[cfg(test)]
pub(super) use file::changed;
pub use finding::Finding;
pub(crate) use form::{FormPair, FormedFile, restored_forms};
pub use form::{FormPart, RestoredForm};
pub(crate) use gate::Gate;
pub(crate) use instruction::Instruction;
pub(crate) use repository::Repository;
pub use rules::RuleError;
