//! Finds how a unit's work came into a branch (by a merge commit, squashed, or rebased), and the tree without it. Only
//! objects are written here.

use std::collections::BTreeMap;

use super::error::{Context, GitError};
use super::id::{BranchName, CommitId};
use super::lookup::find_commit;
use super::made_files::{IsMade, Merged};
use super::repo::Repo;

/// How many commits are searched for the one that brought a unit's work in.
const SEARCH_LIMIT: &str = "--max-count=10000";

/// The parts of a commit that a rebase keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authorship {
    pub name: String,
    pub email: String,
    /// Seconds since 1970-01-01 UTC.
    pub at: i64,
    pub message: String,
}

impl Authorship {
    fn of(commit: &git2::Commit<'_>) -> Self {
        let author = commit.author();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        Self {
            name: text(author.name_bytes()),
            email: text(author.email_bytes()),
            at: author.when().seconds(),
            message: text(commit.message_bytes()),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        let lines = |text: &str| text.trim().replace("\r\n", "\n");
        (self.name.trim(), self.email.trim(), self.at)
            == (other.name.trim(), other.email.trim(), other.at)
            && lines(&self.message) == lines(&other.message)
    }
}

impl Repo {
    /// Returns the commit of a branch before a pull request came in, which ended with the commit `last`. `brought` are
    /// the commits of the pull request, the oldest first. A rebase puts each of them on the branch, except for one that
    /// would change nothing there.
    pub(crate) fn commit_before(
        &self,
        last: &CommitId,
        brought: &[Authorship],
    ) -> Result<CommitId, GitError> {
        let repo = self.open()?;
        let context = || format!("the commit before {last} cannot be read");
        let tip = find_commit(&repo, last)?;
        let mut first = tip.clone();
        let mut next = Some(tip);
        for wanted in brought.iter().rev() {
            // A merge commit is reverted as the difference to its first parent.
            let Some(commit) = next.as_ref().filter(|it| it.parent_count() == 1) else {
                break;
            };
            if Authorship::of(commit).is_same(wanted) {
                first = commit.clone();
                next = commit.parent(0).ok();
            }
        }
        let before = first.parent_id(0).context(context)?;
        Ok(CommitId::new(before.to_string()))
    }

    /// Returns the tree of `tip` without the changes between the commits `before` and `last`. Files that `is_made`
    /// names stay as they are in `tip`, where they changed since.
    pub(crate) fn tree_without(
        &self,
        tip: &CommitId,
        before: &CommitId,
        last: &CommitId,
        is_made: IsMade<'_>,
    ) -> Result<Merged, GitError> {
        self.apply_without_made(tip, last, before, is_made)
    }

    /// Finds the latest commit of a branch, by first parents, whose trailers have all these values.
    pub(crate) fn find_by_trailers(
        &self,
        branch: &BranchName,
        wanted: &[(&str, &str)],
    ) -> Result<Option<CommitId>, GitError> {
        let (format, name) = (
            "--format=%H%n%(trailers:only,unfold)",
            format!("refs/heads/{branch}"),
        );
        let args = ["log", "--first-parent", "-z", SEARCH_LIMIT, format, &name];
        let out = self.git(args).args(&["--"]).run()?;
        let found = out.split(|byte| *byte == 0).find_map(|commit| {
            let text = String::from_utf8_lossy(commit);
            let (id, trailers) = text.split_once('\n')?;
            let trailers: BTreeMap<&str, &str> = trailers
                .lines()
                .filter_map(|line| line.split_once(": "))
                .collect();
            let has = |(key, value): &(&str, &str)| trailers.get(key) == Some(value);
            wanted.iter().all(has).then(|| CommitId::new(id))
        });
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::{Fixture, repository};

    fn fixture() -> Fixture {
        repository(&[("a.txt", "one\n"), ("b.txt", "two\n")])
    }

    fn commit(it: &Fixture, tree: git2::Oid, parents: &[&CommitId], message: &str) -> CommitId {
        let repo = it.repo.open().unwrap();
        let when = git2::Time::new(1_700_000_000, 0);
        let ada = git2::Signature::new("Ada", "ada@example.org", &when).unwrap();
        let tree = repo.find_tree(tree).unwrap();
        let parents: Vec<_> = parents
            .iter()
            .map(|id| find_commit(&repo, id).unwrap())
            .collect();
        let parents: Vec<_> = parents.iter().collect();
        let made = repo.commit(None, &ada, &ada, message, &tree, &parents);
        CommitId::new(made.unwrap().to_string())
    }

    /// Makes a commit on `parents` with the files of the first one, and this text in one of them.
    fn change(it: &Fixture, parents: &[&CommitId], file: &str, text: &str) -> CommitId {
        let repo = it.repo.open().unwrap();
        let before = find_commit(&repo, parents[0]).unwrap().tree().unwrap();
        let mut tree = repo.treebuilder(Some(&before)).unwrap();
        let blob = repo.blob(text.as_bytes()).unwrap();
        tree.insert(file, blob, 0o100_644).unwrap();
        let tree = tree.write().unwrap();
        commit(it, tree, parents, &format!("{file}: {text}"))
    }

    fn authored(it: &Fixture, commit: &CommitId) -> Authorship {
        let repo = it.repo.open().unwrap();
        Authorship::of(&find_commit(&repo, commit).unwrap())
    }

    #[test]
    fn the_commit_before_a_change_is_found_for_every_way_of_merging() {
        let it = fixture();
        let branch = change(&it, &[&it.first], "a.txt", "new");
        let more = change(&it, &[&branch], "b.txt", "new");
        let brought = [authored(&it, &branch), authored(&it, &more)];
        let base = change(&it, &[&it.first], "c.txt", "theirs");

        let merged = change(&it, &[&base, &more], "a.txt", "new");
        assert_eq!(it.repo.commit_before(&merged, &brought).unwrap(), base);
        let squashed = change(&it, &[&base], "squashed", "new");
        assert_eq!(it.repo.commit_before(&squashed, &brought).unwrap(), base);
        // Rebased onto the new base.
        let one = change(&it, &[&base], "a.txt", "new");
        let two = change(&it, &[&one], "b.txt", "new");
        assert_eq!(it.repo.commit_before(&two, &brought).unwrap(), base);
        // Rebased, with the first of them in the base already.
        let alone = change(&it, &[&base], "b.txt", "new");
        assert_eq!(it.repo.commit_before(&alone, &brought).unwrap(), base);
    }

    #[test]
    fn only_the_change_itself_is_reverted() {
        let it = fixture();
        let work = change(&it, &[&it.first], "a.txt", "new\n");
        let later = change(&it, &[&work], "c.txt", "theirs\n");
        let without = it.repo.tree_without(&later, &it.first, &work, &|_| false);
        let tree = without.unwrap().tree;
        let changes = it.repo.changes(&later, &tree).unwrap();
        let paths: Vec<&[u8]> = changes.list.iter().map(|it| &it.path[..]).collect();
        assert_eq!(paths, [b"a.txt"]);
        let clash = change(&it, &[&work], "a.txt", "newer\n");
        assert!(matches!(
            it.repo.tree_without(&clash, &it.first, &work, &|_| false),
            Err(GitError::Conflict { paths }) if paths == ["a.txt"]
        ));
    }

    #[test]
    fn a_merge_is_found_by_its_trailers() {
        let it = fixture();
        let repo = it.repo.open().unwrap();
        let tree = find_commit(&repo, &it.first).unwrap().tree_id();
        let merge = |parent: &CommitId, unit: &str| {
            let message = format!("Merge\n\nBatch-Run: r\nBatch-Unit: {unit}\n");
            commit(&it, tree, &[parent], &message)
        };
        let one = merge(&it.first, "01-a");
        let two = merge(&one, "01-a-revert");
        let all = BranchName::new("all");
        it.repo.move_branch(&all, None, &two).unwrap();
        let found = |unit| {
            let wanted = [("Batch-Run", "r"), ("Batch-Unit", unit)];
            it.repo.find_by_trailers(&all, &wanted).unwrap()
        };
        assert_eq!(found("01-a"), Some(one));
        assert_eq!(found("01"), None);
    }
}
