//! Merges a unit's work into a branch, or rebases it onto another commit.
//!
//! Only objects and refs are written here: no checkout, index or file is touched.

use super::error::{Context, GitError};
use super::id::{BranchName, CommitId, TreeId};
use super::lookup::{find_commit, oid};
use super::made_files::{IsMade, Merged};
use super::repo::Repo;

/// Nobody adds more commits than this to a unit's work.
const MAX_COMMITS: usize = 250;

/// How a commit relates to the branch that it is to be merged into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MergeState {
    /// How many commits of the branch it lacks.
    pub behind: u64,
    /// Whether it merges without a conflict.
    pub mergeable: bool,
}

/// A merge of a commit into a branch that has not moved yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BranchMerge {
    branch: BranchName,
    /// Where the branch is, where it exists.
    tip: Option<CommitId>,
    /// The commit that is merged into.
    pub ours: CommitId,
    theirs: CommitId,
    pub merged: Merged,
}

/// How a merge is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MergeStyle {
    /// The new commit has both sides as its parents.
    MergeCommit,
    /// The work becomes one commit on top of the branch.
    Squash,
}

impl Repo {
    /// Returns how a commit relates to a branch of this repository; `None` where there is no such branch. Files that
    /// `is_made` names are no conflict.
    pub(crate) fn merge_state(
        &self,
        branch: &BranchName,
        commit: &CommitId,
        is_made: IsMade<'_>,
    ) -> Result<Option<MergeState>, GitError> {
        let Some(tip) = self.branch_tip(branch)? else {
            return Ok(None);
        };
        let repo = self.open()?;
        let context = || format!("{commit} cannot be compared with {branch}");
        let (_, behind) = repo
            .graph_ahead_behind(oid(commit)?, oid(&tip)?)
            .context(context)?;
        Ok(Some(MergeState {
            behind: behind as u64,
            mergeable: match self.merge_without_made(&tip, commit, is_made) {
                Ok(_) => true,
                Err(GitError::Conflict { .. }) => false,
                Err(error) => return Err(error),
            },
        }))
    }

    /// Merges a commit into a branch, which would be created at `base` where it does not exist yet. The branch does not
    /// move; `None` where it has the commit already.
    pub(crate) fn branch_merge(
        &self,
        branch: &BranchName,
        base: &CommitId,
        commit: &CommitId,
        is_made: IsMade<'_>,
    ) -> Result<Option<BranchMerge>, GitError> {
        let tip = self.branch_tip(branch)?;
        let ours = tip.as_ref().unwrap_or(base).clone();
        if self.contains(&ours, commit)? {
            return Ok(None);
        }
        let merged = self.merge_without_made(&ours, commit, is_made)?;
        Ok(Some(BranchMerge {
            branch: branch.clone(),
            tip,
            ours,
            theirs: commit.clone(),
            merged,
        }))
    }

    /// Commits a merge and moves its branch. A branch that has moved since stays where it is.
    pub(crate) fn commit_merge(
        &self,
        merge: &BranchMerge,
        style: MergeStyle,
        message: &str,
    ) -> Result<(), GitError> {
        let parents: &[&CommitId] = match style {
            MergeStyle::MergeCommit => &[&merge.ours, &merge.theirs],
            MergeStyle::Squash => &[&merge.ours],
        };
        let made = self.commit_tree(&merge.merged.tree, parents, message)?;
        self.move_branch(&merge.branch, merge.tip.as_ref(), &made)
    }

    /// Commits `tree`, which has the work of the commits from `start` to `commit`, on top of `onto`, with the message
    /// of the first of them.
    pub(crate) fn squash_onto(
        &self,
        commit: &CommitId,
        start: &CommitId,
        onto: &CommitId,
        tree: &TreeId,
    ) -> Result<CommitId, GitError> {
        let repo = self.open()?;
        let last = find_commit(&repo, commit)?;
        let is_first = |commit: &git2::Commit<'_>| {
            let parent = commit.parent_id(0);
            parent.is_ok_and(|parent| parent.to_string() == start.as_str())
        };
        let line = std::iter::successors(Some(last.clone()), |commit| commit.parent(0).ok());
        // A commit that does not descend from `start` by first parents gives its own message.
        let message = line
            .take(MAX_COMMITS)
            .find(is_first)
            .unwrap_or(last)
            .message()
            .context(|| format!("the message of {commit} cannot be read"))?
            .to_owned();
        self.commit_tree(tree, &[onto], &message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::{Fixture, repository};

    fn fixture() -> Fixture {
        let it = repository(&[("a.txt", "one\n"), ("b.txt", "two\n")]);
        it.set_identity();
        it
    }

    fn text(it: &Fixture, commit: &CommitId, file: &str) -> String {
        let repo = it.repo.open().unwrap();
        let tree = find_commit(&repo, commit).unwrap().tree().unwrap();
        let blob = tree.get_name(file).unwrap().to_object(&repo).unwrap();
        String::from_utf8(blob.as_blob().unwrap().content().to_vec()).unwrap()
    }

    #[test]
    fn a_merge_state_counts_missing_commits_and_finds_conflicts() {
        let it = fixture();
        let gained = it.change(&it.first, "a.txt", "theirs\n");
        let all = BranchName::new("all");
        it.repo.move_branch(&all, None, &gained).unwrap();
        let state = |commit| it.repo.merge_state(&all, commit, &|_| false).unwrap();
        let apart = it.change(&it.first, "b.txt", "mine\n");
        let clash = it.change(&it.first, "a.txt", "mine\n");
        let found = |mergeable| {
            let behind = 1;
            Some(MergeState { behind, mergeable })
        };
        assert_eq!(state(&apart), found(true));
        assert_eq!(state(&clash), found(false));
        let none = BranchName::new("none");
        assert_eq!(
            it.repo.merge_state(&none, &apart, &|_| false).unwrap(),
            None
        );
    }

    #[test]
    fn work_merges_only_into_a_branch_that_is_not_checked_out() {
        let it = fixture();
        let (a, b) = (
            it.change(&it.first, "a.txt", "new\n"),
            it.change(&it.first, "b.txt", "new\n"),
        );
        let all = BranchName::new("all");
        let merge = |branch: &BranchName, commit: &CommitId, style| {
            let merge = it
                .repo
                .branch_merge(branch, &it.first, commit, &|_| false)?;
            merge.map_or(Ok(()), |merge| it.repo.commit_merge(&merge, style, "Merge"))
        };
        let tip = || it.repo.branch_tip(&all).unwrap().unwrap();
        merge(&all, &a, MergeStyle::MergeCommit).unwrap();
        merge(&all, &b, MergeStyle::Squash).unwrap();
        let both = tip();
        merge(&all, &a, MergeStyle::MergeCommit).unwrap();
        assert_eq!(tip(), both, "the branch has it already");
        assert_eq!(
            (text(&it, &both, "a.txt"), text(&it, &both, "b.txt")),
            ("new\n".into(), "new\n".into())
        );
        assert!(it.repo.contains(&both, &a).unwrap());
        assert!(
            !it.repo.contains(&both, &b).unwrap(),
            "its own commit stays out"
        );

        let repo = it.repo.open().unwrap();
        let here = BranchName::new(repo.head().unwrap().shorthand().unwrap());
        let error = merge(&here, &a, MergeStyle::MergeCommit)
            .unwrap_err()
            .to_string();
        assert!(error.contains("is checked out in"), "{error}");
    }

    #[test]
    fn work_is_squashed_onto_the_new_form_of_its_parent() {
        let it = fixture();
        let parent = it.change(&it.first, "a.txt", "new\n");
        let work = it.change(&parent, "b.txt", "new\n");
        // The parent came into the branch as another commit, and more followed.
        let squashed = it.change(&it.first, "a.txt", "new\n");
        let onto = it.change(&squashed, "c.txt", "more\n");
        let moved_up = |commit: &CommitId| {
            let tree = it.repo.apply_changes(&onto, &parent, commit).unwrap();
            it.repo.squash_onto(commit, &parent, &onto, &tree).unwrap()
        };
        let moved = moved_up(&work);
        let repo = it.repo.open().unwrap();
        let made = find_commit(&repo, &moved).unwrap();
        assert_eq!(made.parent_id(0).unwrap().to_string(), onto.as_str());
        assert_eq!(made.message(), Ok("b.txt"));
        assert_eq!(text(&it, &moved, "b.txt"), "new\n");
        assert_eq!(text(&it, &moved, "c.txt"), "more\n");
        let changed = it
            .repo
            .changes(&onto, &it.repo.tree(&moved).unwrap())
            .unwrap();
        assert_eq!(changed.list.len(), 1);

        let more = it.change(&work, "d.txt", "followed up\n");
        let moved = moved_up(&more);
        let made = find_commit(&repo, &moved).unwrap();
        assert_eq!(
            made.message(),
            Ok("b.txt"),
            "the message of the first commit"
        );
        assert_eq!(text(&it, &moved, "d.txt"), "followed up\n");
    }
}
