//! Decides who owns which path: proves that no two claims overlap unless the order allows it, and judges every path
//! that a unit changed.
//!
//! This folder works on names alone and takes only the kind of a change from git. It does not ask the file system, so
//! that one proof holds on every machine: names that any file system treats as equal are equal here.

mod default_folders;
mod division;
mod guarded;
mod held;
mod names;
mod ownership;
mod standing;

pub(crate) use default_folders::default_create_folders;
pub(crate) use division::Division;
pub(crate) use held::HeldPaths;
pub(crate) use names::fold;
pub(in crate::plan) use names::stem;
pub(crate) use ownership::{ClaimEntry, Ownership, OwnershipError};
pub(crate) use standing::{Claimant, Deleted, ScopeViolation, Standing};
