//! Work that a worker left in its private repository and not in its files: on a branch of its own, or in the stash.
//!
//! The private repository is the worker's. It is only read, by libgit2, which starts no program that its settings name.

use std::path::Path;

use git2::{Delta, ObjectType, Oid, Repository};

use super::error::{Context, GitError};
use super::id::{CommitId, TreeId};
use super::lookup::{any_tree, oid};
use super::repo::Repo;

/// A commit that a worker made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PrivateWork {
    /// Where it is: `branch mine`, `the stash`.
    pub(crate) at: String,
    commit: Oid,
}

impl Repo {
    /// Returns the commits in the private repository at `private` to which a branch, HEAD or the stash leads, which the
    /// user's repository does not have and which no other of them contains.
    pub(crate) fn private_work(&self, private: &Path) -> Result<Vec<PrivateWork>, GitError> {
        let own = self.open()?;
        let theirs = open(private)?;
        let mut found: Vec<PrivateWork> = Vec::new();
        let names = theirs
            .references()
            .context(|| "the branches of the checkout cannot be read".to_owned())?;
        let mut tips: Vec<(String, Oid)> = Vec::new();
        for name in names.flatten() {
            let (Ok(at), Some(commit)) = (name.name().map(place), tip(&name)) else {
                continue;
            };
            tips.extend(at.map(|at| (at, commit)));
        }
        let head = theirs.head().ok().and_then(|head| tip(&head));
        tips.extend(head.map(|commit| ("HEAD".to_owned(), commit)));
        for (at, commit) in tips {
            let is_known = own.find_commit(commit).is_ok();
            if !is_known && found.iter().all(|known| known.commit != commit) {
                found.push(PrivateWork { at, commit });
            }
        }
        let contains =
            |one: Oid, other: Oid| theirs.graph_descendant_of(one, other).unwrap_or(false);
        let outermost = found.iter().filter(|it| {
            let others = found.iter().filter(|other| other.commit != it.commit);
            !others
                .into_iter()
                .any(|other| contains(other.commit, it.commit))
        });
        Ok(outermost.cloned().collect())
    }

    /// Makes the changes since `start` that the work holds on top of the tree `onto`, and returns the new tree.
    pub(crate) fn take_private_work(
        &self,
        private: &Path,
        work: &PrivateWork,
        start: &CommitId,
        onto: &TreeId,
    ) -> Result<TreeId, GitError> {
        let own = self.open()?;
        let theirs = open(private)?;
        let context = || format!("the work at {} cannot be taken", work.at);
        let before = theirs
            .find_commit(oid(start)?)
            .and_then(|commit| commit.tree())
            .context(context)?;
        let after = theirs
            .find_commit(work.commit)
            .and_then(|commit| commit.tree())
            .context(context)?;
        let diff = theirs
            .diff_tree_to_tree(Some(&before), Some(&after), None)
            .context(context)?;
        let mut tree = git2::build::TreeUpdateBuilder::new();
        for delta in diff.deltas() {
            let (old, new) = (delta.old_file(), delta.new_file());
            if delta.status() == Delta::Deleted {
                tree.remove(old.path_bytes().unwrap_or_default());
                continue;
            }
            if let Ok(blob) = theirs.find_blob(new.id()) {
                own.odb()
                    .and_then(|objects| objects.write(ObjectType::Blob, blob.content()))
                    .context(context)?;
            }
            tree.upsert(new.path_bytes().unwrap_or_default(), new.id(), new.mode());
        }
        let onto = any_tree(&own, onto)?;
        let made = tree.create_updated(&own, &onto).context(context)?;
        Ok(TreeId::new(made.to_string()))
    }
}

fn open(private: &Path) -> Result<Repository, GitError> {
    Repository::open_bare(private).context(|| "the git of the checkout cannot be read".to_owned())
}

/// Names a branch, or the stash; `None` for a ref that is not the worker's.
fn place(name: &str) -> Option<String> {
    if name == "refs/stash" {
        return Some("the stash".to_owned());
    }
    let branch = name.strip_prefix("refs/heads/")?;
    Some(format!("branch {branch}"))
}

fn tip(reference: &git2::Reference<'_>) -> Option<Oid> {
    reference.peel_to_commit().ok().map(|commit| commit.id())
}
