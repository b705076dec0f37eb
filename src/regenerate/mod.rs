//! Files that a tool makes from other files: lock files from manifests, code from descriptions. Two edits of such a
//! file are never merged, because the tool makes it again from what is merged.
//!
//! [`Rules::find`] takes the rules of the settings and finds those of lock files. This room knows which command makes
//! what from what; it runs nothing and knows no unit.

mod lock_files;
mod rule;
mod rules;

pub(crate) use lock_files::lone_lock_files;
pub(crate) use rule::{Origin, Rule};
pub(crate) use rules::{RegenerateError, Rules};
