//! Reads work that exists already (a branch, a stash, a patch), puts it on top of a base, and keeps it as a commit of
//! its own: the branch may move and the stash may be dropped afterwards.

use std::collections::BTreeSet;

use super::base::{Base, near_names};
use super::error::{Context, GitError};
use super::id::{CommitId, TreeId};
use super::lookup::{any_tree, find_commit, oid};
use super::patch::PatchError;
use super::repo::Repo;

/// The refs that keep such work; the id of the commit follows.
pub(crate) const PINNED_WORK: &str = "refs/batch/work/";

/// A message names at most so many subjects of commits.
const SUBJECTS: usize = 12;

/// Where work that exists already is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WorkSource {
    /// A branch, any other name of a commit, or a stash.
    Revision(String),
    /// Patches, as `git diff` or `git format-patch` write them.
    Patch { name: String, bytes: Vec<u8> },
}

/// Work that exists already, on top of a base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExistingWork {
    /// A commit on top of the base that holds the base with the work.
    pub commit: CommitId,
    /// The name by which the user knows the work.
    pub name: String,
    /// What the commits or patches say that they do, a line each, the first one first.
    pub subjects: Vec<String>,
}

/// Why work cannot be taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkError {
    #[error(
        "there is no branch, stash or patch file {name:?}{}",
        if near.is_empty() { String::new() } else { format!("; similar names: {}", near.join(", ")) }
    )]
    Unknown { name: String, near: Vec<String> },
    #[error(
        "{name} leaves out what is not committed in your checkout: commit or stash it first, or name the branch to \
         split its commits alone"
    )]
    Uncommitted { name: String },
    #[error(
        "{name} changes nothing that {base} does not have, so there is nothing to split; --base names another commit \
         to compare with"
    )]
    Nothing { name: String, base: String },
    #[error(
        "{name} and {base} have no common history: rebase {name} onto {base} first, or name another --base"
    )]
    Unrelated { name: String, base: String },
    #[error(
        "{name} and {base} changed the same places of {} since they parted: rebase or merge {name} onto {base} first, \
         or name an earlier --base",
        paths.join(", ")
    )]
    Conflict {
        name: String,
        base: String,
        paths: Vec<String>,
    },
    #[error("{name} cannot be put onto {base}: {fault}")]
    Patch {
        name: String,
        base: String,
        fault: Box<PatchError>,
    },
    #[error(transparent)]
    Git(#[from] GitError),
}

/// A difference between two trees, and what it is said to do.
struct Difference {
    before: TreeId,
    after: TreeId,
    subjects: Vec<String>,
}

impl Repo {
    /// Puts the work on top of the base, and keeps it. The same work on the same base is the same commit.
    pub(crate) fn existing_work(
        &self,
        source: &WorkSource,
        base: &Base,
    ) -> Result<ExistingWork, WorkError> {
        let (name, tree, subjects) = match source {
            WorkSource::Revision(name) => {
                let Difference {
                    before,
                    after,
                    subjects,
                } = self.difference(name, base)?;
                let tree = self.onto(base, &before, &after);
                let tree = tree.map_err(|error| match error {
                    GitError::Conflict { paths } => WorkError::Conflict {
                        name: name.clone(),
                        base: base.name.clone(),
                        paths,
                    },
                    error => error.into(),
                })?;
                (name, tree, subjects)
            }
            WorkSource::Patch { name, bytes } => {
                let applied = self.apply_patches(&base.id, bytes);
                let (tree, subjects) = applied.map_err(|fault| match fault {
                    PatchError::Git(error) => WorkError::Git(error),
                    fault => WorkError::Patch {
                        name: name.clone(),
                        base: base.name.clone(),
                        fault: Box::new(fault),
                    },
                })?;
                (name, tree, subjects)
            }
        };
        if tree == self.tree(&base.id)? {
            return Err(WorkError::Nothing {
                name: name.clone(),
                base: base.name.clone(),
            });
        }
        Ok(ExistingWork {
            commit: self.keep_work(&base.id, &tree)?,
            name: name.clone(),
            subjects,
        })
    }

    /// Checks whether git knows a commit by this name.
    pub(crate) fn has_revision(&self, name: &str) -> bool {
        let repo = git2::Repository::open(&self.root);
        repo.is_ok_and(|repo| named_commit(&repo, name).is_some())
    }

    /// Keeps work that a plan names in the repository; `false` where the repository does not have it any more.
    pub(crate) fn pin_work(&self, work: &CommitId) -> Result<bool, GitError> {
        if !self.has_commit(work)? {
            return Ok(false);
        }
        self.keep_tree(&format!("{PINNED_WORK}{work}"), work)?;
        Ok(true)
    }

    /// Finds what a revision changes: a stash since its commit, and anything else since it parted from the base.
    fn difference(&self, name: &str, base: &Base) -> Result<Difference, WorkError> {
        // HEAD is that of the checkout in which the user called batch.
        let repo = git2::Repository::open(&self.root)
            .context(|| format!("the checkout {} cannot be opened", self.root.display()))?;
        let Some(commit) = named_commit(&repo, name) else {
            return Err(WorkError::Unknown {
                name: name.to_owned(),
                near: near_names(&repo, name),
            });
        };
        if is_stash(name) && commit.parent_count() > 1 {
            return Ok(stashed(&repo, &commit)?);
        }
        if ["HEAD", "@"].contains(&name) && self.has_uncommitted_changes()? {
            return Err(WorkError::Uncommitted {
                name: name.to_owned(),
            });
        }
        let parted = repo.merge_base(oid(&base.id)?, commit.id()).ok();
        let Some(parted) = parted.map(|id| CommitId::new(id.to_string())) else {
            return Err(WorkError::Unrelated {
                name: name.to_owned(),
                base: base.name.clone(),
            });
        };
        let tip = CommitId::new(commit.id().to_string());
        Ok(Difference {
            before: self.tree(&parted)?,
            after: self.tree(&tip)?,
            subjects: self.subjects(&parted, &tip)?,
        })
    }

    /// Returns the subjects of the commits from one to another, without merges.
    fn subjects(&self, from: &CommitId, to: &CommitId) -> Result<Vec<String>, GitError> {
        let range = format!("{from}..{to}");
        let args = [
            "log",
            "--no-merges",
            "--no-show-signature",
            "--reverse",
            "--topo-order",
            "--encoding=UTF-8",
            "--format=%s",
            &range,
        ];
        let said = self.git(args).run()?;
        let said = String::from_utf8_lossy(&said);
        let lines = said.lines().filter(|line| !line.trim().is_empty());
        Ok(lines.map(str::to_owned).collect())
    }

    /// Returns the tree of the base with what differs between two trees.
    fn onto(&self, base: &Base, before: &TreeId, after: &TreeId) -> Result<TreeId, GitError> {
        if self.tree(&base.id)? == *before {
            return Ok(after.clone());
        }
        self.apply_changes(&base.id, before, after)
    }

    /// Makes a commit of the work that a ref keeps. It is nobody's commit, and is never published.
    fn keep_work(&self, base: &CommitId, tree: &TreeId) -> Result<CommitId, GitError> {
        let repo = self.open()?;
        let context = || "the work cannot be kept".to_owned();
        let nobody = git2::Signature::new("batch", "batch", &git2::Time::new(0, 0));
        let nobody = nobody.context(context)?;
        let parent = find_commit(&repo, base)?;
        let tree = any_tree(&repo, tree)?;
        let message = "Work that batch split cuts into units";
        let made = repo.commit(None, &nobody, &nobody, message, &tree, &[&parent]);
        let made = CommitId::new(made.context(context)?.to_string());
        self.pin_work(&made)?;
        Ok(made)
    }
}

impl ExistingWork {
    /// Says what the work does, for people who read its pull requests.
    #[must_use]
    pub(crate) fn instruction(&self) -> String {
        let mut seen = BTreeSet::new();
        let mut subjects: Vec<&str> = self
            .subjects
            .iter()
            .map(|subject| subject.trim())
            .filter(|subject| seen.insert(*subject))
            .collect();
        let more = subjects.len().saturating_sub(SUBJECTS);
        subjects.truncate(SUBJECTS);
        match (&subjects[..], more) {
            ([], _) => format!("Apply {}", self.name),
            (_, 0) => subjects.join("; "),
            (_, more) => format!("{}; and {more} more", subjects.join("; ")),
        }
    }
}

/// Returns the commit that a name means. Where a branch and a tag have one name, it is the branch, which is asked for.
fn named_commit<'r>(repo: &'r git2::Repository, name: &str) -> Option<git2::Commit<'r>> {
    let branch = repo.find_branch(name, git2::BranchType::Local).ok();
    let branch = branch.and_then(|branch| branch.get().peel_to_commit().ok());
    branch.or_else(|| repo.revparse_single(name).ok()?.peel_to_commit().ok())
}

/// Checks whether the name is one that `git stash list` prints.
fn is_stash(name: &str) -> bool {
    let name = name.strip_prefix("refs/").unwrap_or(name);
    name == "stash" || name.starts_with("stash@{")
}

/// Returns what a stash holds (git-stash(1), "Discussion"): its files, and those that git did not track.
fn stashed(repo: &git2::Repository, stash: &git2::Commit<'_>) -> Result<Difference, GitError> {
    let context = || "the stash cannot be read".to_owned();
    let tree_of_parent = |number| stash.parent(number).and_then(|parent| parent.tree());
    let mut index = git2::Index::new().context(context)?;
    let tracked = stash.tree().context(context)?;
    index.read_tree(&tracked).context(context)?;
    if stash.parent_count() > 2 {
        let mut untracked = git2::Index::new().context(context)?;
        let tree = tree_of_parent(2).context(context)?;
        untracked.read_tree(&tree).context(context)?;
        for entry in untracked.iter() {
            index.add(&entry).context(context)?;
        }
    }
    let after = index.write_tree_to(repo).context(context)?;
    let message = String::from_utf8_lossy(stash.message_bytes()).into_owned();
    Ok(Difference {
        before: TreeId::new(tree_of_parent(0).context(context)?.id().to_string()),
        after: TreeId::new(after.to_string()),
        subjects: stash_subject(&message).into_iter().collect(),
    })
}

/// Returns what the user said of a stash; `None` where git chose the words.
fn stash_subject(message: &str) -> Option<String> {
    let line = message.lines().next()?;
    let (_, said) = line.strip_prefix("On ")?.split_once(": ")?;
    Some(said.to_owned()).filter(|said| !said.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stash_is_named_as_git_names_it_and_says_what_its_user_said() {
        assert!(is_stash("stash") && is_stash("stash@{3}") && is_stash("refs/stash@{0}"));
        assert!(!is_stash("stashes"));
        assert_eq!(
            stash_subject("On main: half a move\n").as_deref(),
            Some("half a move")
        );
        assert_eq!(stash_subject("WIP on main: 1234567 Start\n"), None);
    }

    #[test]
    fn the_instruction_is_what_the_commits_say_once_each() {
        let work = |subjects: &[&str]| ExistingWork {
            commit: CommitId::new("c"),
            name: "big".to_owned(),
            subjects: subjects.iter().map(ToString::to_string).collect(),
        };
        assert_eq!(work(&[]).instruction(), "Apply big");
        assert_eq!(
            work(&["Move it", "wip", "wip"]).instruction(),
            "Move it; wip"
        );
        let many: Vec<String> = (0..14).map(|number| format!("step {number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let said = work(&many).instruction();
        assert!(said.ends_with("step 11; and 2 more"), "{said}");
    }
}
