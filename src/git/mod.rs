//! The repository: base, worktrees, what changed in them, commits and pushes.
//!
//! libgit2 serves for opening, refs, trees, commits and worktree registration; gitoxide for what is read by the
//! thousand; the `git` program for what is faster or
//! more faithful there (what changed, identity and signing, pushing with the user's own credentials). This room never
//! touches the user's checkout, index, stashes or config; it writes worktrees, branches of its own and objects. It
//! knows nothing of plans, agents or runs.

mod ancestry;
mod attributes;
mod base;
mod changes;
mod commit;
mod delete;
mod entries;
mod error;
mod export;
#[cfg(test)]
pub(crate) mod fixture;
mod history;
mod id;
mod include;
mod lookup;
mod merge;
mod objects;
mod program;
mod push;
mod reader;
mod refs;
mod remotes;
mod removal;
mod repo;
mod revert;
mod tree_merge;
mod worktree;
mod worktree_state;

pub use attributes::Attributes;
pub use base::Base;
pub use changes::{Change, ChangeKind, Changes, Colours, Content};
pub use delete::delete_tree;
pub use entries::{Entry, EntryKind};
pub use error::GitError;
pub use history::Since;
pub use id::{BranchName, CommitId, TreeId};
pub use include::INCLUDE_FILE;
pub use merge::{Against, Joint};
pub use objects::{Objects, digest};
pub use reader::Reader;
pub use removal::{free_name, remove_empty_folders_above};
pub use repo::Repo;
pub use revert::Authored;
pub use worktree::NewWorktree;
pub use worktree_state::Standing;
