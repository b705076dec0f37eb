//! Merges changes of several origins into one tree: the work of units that another unit needs, or an agent's changes
//! without the changes that the setup command made before it.
//!
//! Only objects are written here. Claims are disjoint, so a conflict means that somebody broke a rule; it is an error,
//! and is never resolved.

use super::error::{Context, GitError};
use super::id::{CommitId, TreeId, TreeIsh};
use super::lookup::{any_tree, tree_of};
use super::repo::Repo;

impl Repo {
    /// Returns the tree of `onto` with all that differs between the trees `before` and `after` applied to it.
    pub(crate) fn apply_changes(
        &self,
        onto: &impl TreeIsh,
        before: &impl TreeIsh,
        after: &impl TreeIsh,
    ) -> Result<TreeId, GitError> {
        let repo = self.open()?;
        let (before, onto) = (any_tree(&repo, before)?, any_tree(&repo, onto)?);
        let after = any_tree(&repo, after)?;
        merge_trees(&repo, &before, &onto, &after).map(|id| TreeId::new(id.to_string()))
    }

    /// Makes a merge commit of all `commits`, which all start from the commit `base`.
    pub(crate) fn join(
        &self,
        base: &CommitId,
        commits: &[CommitId],
        message: &str,
    ) -> Result<CommitId, GitError> {
        let repo = self.open()?;
        let ancestor = tree_of(&repo, base)?;
        let mut joined = ancestor.clone();
        for commit in commits {
            let id = merge_trees(&repo, &ancestor, &joined, &tree_of(&repo, commit)?)?;
            joined = repo
                .find_tree(id)
                .context(|| format!("tree {id} cannot be read"))?;
        }
        let tree = TreeId::new(joined.id().to_string());
        let parents: Vec<&CommitId> = commits.iter().collect();
        self.commit_tree(&tree, &parents, message)
    }
}

/// Merges two trees with a common ancestor; a conflict is an error with the paths.
pub(super) fn merge_trees(
    repo: &git2::Repository,
    ancestor: &git2::Tree<'_>,
    ours: &git2::Tree<'_>,
    theirs: &git2::Tree<'_>,
) -> Result<git2::Oid, GitError> {
    let context = || "changes cannot be merged".to_owned();
    let mut options = git2::MergeOptions::new();
    // A file is its path here: a guessed rename could let one change land in the file of another.
    options.find_renames(false);
    let mut index = repo
        .merge_trees(ancestor, ours, theirs, Some(&options))
        .context(context)?;
    if index.has_conflicts() {
        let mut paths: Vec<String> = index
            .conflicts()
            .context(context)?
            .filter_map(Result::ok)
            .filter_map(|conflict| conflict.our.or(conflict.their).or(conflict.ancestor))
            .map(|entry| String::from_utf8_lossy(&entry.path).into_owned())
            .collect();
        paths.sort_unstable();
        return Err(GitError::Conflict { paths });
    }
    index.write_tree_to(repo).context(context)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::git::fixture::{Fixture, repository};
    use crate::git::id::BranchName;
    use crate::git::lookup::find_commit;
    use crate::git::worktree::NewWorktree;

    /// Makes a tree by editing a fresh worktree.
    fn tree(it: &Fixture, name: &str, edits: &[(&str, &str)]) -> TreeId {
        let (path, index) = (it.beside(name), it.beside(&format!("{name}.index")));
        it.repo
            .create_worktree(&NewWorktree {
                name,
                path: &path,
                branch: Some(&BranchName::new(name)),
                start: &it.first,
                index: &index,
            })
            .unwrap();
        for (file, text) in edits {
            fs::write(path.join(file), text).unwrap();
        }
        it.repo.snapshot(&path, &index).unwrap()
    }

    #[test]
    fn only_the_later_changes_are_applied() {
        let it = repository(&[("a.txt", "a\n"), ("lock", "1\n")]);
        let prepared = tree(&it, "x", &[("lock", "2\n")]);
        let worked = tree(&it, "y", &[("lock", "2\n"), ("a.txt", "b\n")]);
        let applied = it
            .repo
            .apply_changes(&it.first, &prepared, &worked)
            .unwrap();
        let changes = it.repo.changes(&it.first, &applied).unwrap();
        let paths: Vec<&[u8]> = changes.list.iter().map(|c| &c.path[..]).collect();
        assert_eq!(paths, [b"a.txt"]);
    }

    #[test]
    fn changes_of_the_same_lines_conflict() {
        let it = repository(&[("a.txt", "a\n")]);
        let prepared = tree(&it, "x", &[("a.txt", "b\n")]);
        let worked = tree(&it, "y", &[("a.txt", "c\n")]);
        let error = it
            .repo
            .apply_changes(&it.first, &prepared, &worked)
            .unwrap_err();
        assert!(
            matches!(&error, GitError::Conflict { paths } if paths == &["a.txt"]),
            "{error}"
        );
    }

    #[test]
    fn a_joined_commit_holds_the_work_of_all_parents() {
        let it = repository(&[("a.txt", "a\n"), ("b.txt", "b\n")]);
        it.set_identity();
        let commit = |name: &str, file: &str| {
            let tree = tree(&it, name, &[(file, "new\n")]);
            let branch = BranchName::new(name);
            it.repo.commit(&branch, &it.first, &tree, "work").unwrap()
        };
        let parents = [commit("x", "a.txt"), commit("y", "b.txt")];
        let joined = it.repo.join(&it.first, &parents, "both").unwrap();
        let changes = it
            .repo
            .changes(&it.first, &it.repo.tree(&joined).unwrap())
            .unwrap();
        assert_eq!(changes.list.len(), 2);
        let repo = it.repo.open().unwrap();
        assert_eq!(find_commit(&repo, &joined).unwrap().parent_count(), 2);
    }
}
