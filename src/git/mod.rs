//! The repository: base, worktrees, changes in them, commits and pushes.
//!
//! libgit2 opens repositories and handles refs, trees, commits and the registration of worktrees. gitoxide reads
//! objects by the thousand. The `git` program does what it does faster or more faithfully: finding changes, identity,
//! signing, and pushing with the user's own credentials. This room never touches the user's checkout, index, stashes or
//! configuration; it writes worktrees, branches of its own, and objects. It knows nothing of plans, agents or runs.

mod ancestry;
mod aside;
mod attributes;
mod base;
mod changes;
mod commit;
mod content_merge;
mod contents;
mod deciding_setting;
mod delete;
mod entries;
mod error;
mod existing_work;
mod export;
#[cfg(test)]
pub(crate) mod fixture;
mod follow;
mod git_folder;
mod history;
mod id;
mod include;
mod insertions;
mod landed;
mod local_remote;
mod lookup;
mod made_files;
mod mail;
mod merge;
mod objects;
mod opening;
mod patch;
mod pre_push;
mod private;
mod private_work;
mod program;
mod push;
mod reader;
mod refs;
mod remotes;
mod removal;
mod repo;
mod repository_settings;
mod revert;
mod stored_form;
mod tree_diff;
mod tree_merge;
mod uncommitted;
mod unread;
mod worktree;
mod worktree_state;
mod write_limits;
mod written;

pub(crate) use aside::{Overlooked, TrackedFile, leave_aside, overlook, tracked_files};
pub(crate) use attributes::Attributes;
pub use base::Base;
pub(crate) use changes::{Change, ChangeKind, Changes, Content};
pub(crate) use contents::{ContentPair, EntryMode, FileContent, TreeEntry};
pub(crate) use delete::delete_tree;
pub use entries::{Entry, EntryKind};
pub use error::GitError;
pub(crate) use existing_work::{PINNED_WORK, WorkSource};
pub(crate) use follow::WorktreePlace;
pub(crate) use git_folder::GitFolder;
pub use git_folder::GitFolderChange;
pub(crate) use history::FileChange;
pub use id::{BranchName, CommitId, TreeId};
pub(crate) use include::{INCLUDE_FILE, Included, without_dots};
pub(crate) use landed::Landed;
pub(crate) use made_files::Merged;
pub(crate) use merge::MergeStyle;
pub use objects::Objects;
pub(crate) use objects::digest;
pub(crate) use pre_push::PlannedPush;
pub(crate) use private::{
    PrivateHead, PrivateTemplate, set_private_head, write_workers_global_config,
};
pub(crate) use private_work::PrivateWork;
pub(crate) use reader::Reader;
pub(crate) use removal::{free_name, remove_empty_folders_above};
pub use repo::Repo;
pub(crate) use revert::Authorship;
pub(crate) use worktree::NewWorktree;
pub(crate) use worktree_state::WorktreeState;
pub use write_limits::WriteLimits;
