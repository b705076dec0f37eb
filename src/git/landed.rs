//! Finds out whether a unit's work is in a branch already, however it came there: merged, squashed, rebased, or done
//! again by hand. No ref, checkout or index is touched.

use git2::{Oid, Sort};

use super::error::{Context, GitError};
use super::id::CommitId;
use super::lookup::{find_commit, oid};
use super::repo::Repo;
use super::tree_diff::diff;
use super::tree_merge::merge_trees;

/// How many commits of a branch are searched for the work.
const SEARCH_LIMIT: usize = 10_000;

/// How a unit's work came into a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Landed {
    /// The branch contains the commit itself.
    Merged,
    /// This commit of the branch makes the same change, as `git patch-id` compares changes.
    As(CommitId),
    /// The branch has, or had at some time, what the work changed; by which commits is not known.
    Content,
}

/// A changed path of the work, with its entry after the work: object and mode, or `None` where the work deleted it.
type Changed = (std::path::PathBuf, Option<(Oid, i32)>);

impl Repo {
    /// Returns how the work from `start` to `work` came into the branch whose tip is `tip`; `None` where it is not
    /// there.
    pub(crate) fn landed(
        &self,
        tip: &CommitId,
        start: &CommitId,
        work: &CommitId,
    ) -> Result<Option<Landed>, GitError> {
        if self.contains(tip, work)? {
            return Ok(Some(Landed::Merged));
        }
        let repo = self.open()?;
        let context = || format!("the commits of {tip} cannot be searched for {work}");
        let tree = |commit: &CommitId| find_commit(&repo, commit)?.tree().context(context);
        let (before, after) = (tree(start)?, tree(work)?);
        let diff = diff(&repo, &before, &after)?;
        let changed: Vec<Changed> = diff
            .deltas()
            .filter_map(|delta| {
                let path = delta.new_file().path().or(delta.old_file().path())?;
                Some((path.to_owned(), entry(&after, path)))
            })
            .collect();
        let present = tree(tip)?;
        // Where every file is as it was before the work, the work is not there, or it was undone.
        let is_as_before = |(path, _): &Changed| entry(&present, path) == entry(&before, path);
        if changed.iter().all(is_as_before) {
            return Ok(None);
        }
        let patch = diff.patchid(None).context(context)?;
        let mut commits = repo.revwalk().context(context)?;
        commits.set_sorting(Sort::TOPOLOGICAL).context(context)?;
        commits.push(oid(tip)?).context(context)?;
        commits.hide(oid(start)?).context(context)?;
        let mut is_content_there = false;
        for commit in commits.take(SEARCH_LIMIT) {
            let commit = commit
                .and_then(|id| repo.find_commit(id))
                .context(context)?;
            let now = commit.tree().context(context)?;
            let parent = commit.parent(0).and_then(|parent| parent.tree()).ok();
            let entry_before =
                |path: &std::path::Path| parent.as_ref().and_then(|parent| entry(parent, path));
            let touched = |(path, _): &&Changed| entry(&now, path) != entry_before(path);
            let touched = changed.iter().filter(touched).count();
            if touched == 0 {
                continue;
            }
            is_content_there |= changed.iter().all(|(path, new)| entry(&now, path) == *new);
            if touched == changed.len()
                && commit.parent_count() == 1
                && let Some(parent) = &parent
            {
                let made = self::diff(&repo, parent, &now)?;
                if made.patchid(None).context(context)? == patch {
                    return Ok(Some(Landed::As(CommitId::new(commit.id().to_string()))));
                }
            }
        }
        if is_content_there {
            return Ok(Some(Landed::Content));
        }
        // The branch may have changed other lines of the same files before the work came there.
        match merge_trees(&repo, &before, &present, &after) {
            Ok(merged) if merged == present.id() => Ok(Some(Landed::Content)),
            Ok(_) | Err(GitError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn entry(tree: &git2::Tree<'_>, path: &std::path::Path) -> Option<(Oid, i32)> {
    let entry = tree.get_path(path).ok()?;
    Some((entry.id(), entry.filemode()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::{Fixture, repository};

    const TEXT: &str = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n";

    fn fixture() -> Fixture {
        repository(&[("a.txt", TEXT), ("b.txt", "two\n")])
    }

    fn landed(it: &Fixture, tip: &CommitId, work: &CommitId) -> Option<Landed> {
        it.repo.landed(tip, &it.first, work).unwrap()
    }

    #[test]
    fn work_is_found_however_it_came_into_a_branch() {
        let it = fixture();
        let new = TEXT.replace("two", "2");
        let work = it.change(&it.first, "a.txt", &new);
        assert_eq!(
            landed(&it, &it.change(&work, "b.txt", "x\n"), &work),
            Some(Landed::Merged)
        );

        let other = it.change(&it.first, "b.txt", "other\n");
        let squashed = it.change(&other, "a.txt", &new);
        let later = it.change(&squashed, "a.txt", "all other\n");
        assert_eq!(landed(&it, &later, &work), Some(Landed::As(squashed)));

        // In two commits, and changed again afterwards.
        let half = it.change(&other, "a.txt", "half\n");
        let whole = it.change(&half, "a.txt", &new);
        let later = it.change(&whole, "a.txt", "all other\n");
        assert_eq!(landed(&it, &later, &work), Some(Landed::Content));

        // Together with another line of the same file.
        let both = it.change(&it.first, "a.txt", &new.replace("eight", "8"));
        assert_eq!(landed(&it, &both, &work), Some(Landed::Content));
    }

    #[test]
    fn work_that_is_not_there_is_not_found() {
        let it = fixture();
        let work = it.change(&it.first, "a.txt", &TEXT.replace("two", "2"));
        let other = it.change(&it.first, "a.txt", &TEXT.replace("two", "zwei"));
        assert_eq!(landed(&it, &other, &work), None);
        assert_eq!(landed(&it, &it.first, &work), None);
        let squashed = it.change(&other, "a.txt", &TEXT.replace("two", "2"));
        let undone = it.change(&squashed, "a.txt", TEXT);
        assert_eq!(landed(&it, &undone, &work), None);
        let half = it.change(&work, "b.txt", "2\n");
        let only_a = it.change(&it.first, "a.txt", &TEXT.replace("two", "2"));
        assert_eq!(landed(&it, &only_a, &half), None);
    }
}
