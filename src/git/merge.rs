//! How work stands against a branch that it is to come into. Only objects are read and written: no checkout, index, branch
//! or file is touched.

use super::base::find_commit;
use super::graft::merge;
use super::{During, GitError, Repo};

/// How a commit stands against a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Against {
    /// How many commits of the branch it does not have.
    pub behind: u64,
    /// Whether both can be put together without anybody's help.
    pub mergeable: bool,
}

impl Repo {
    /// How a commit stands against a branch of this repository; nothing where there is no such branch.
    pub fn against(&self, branch: &str, commit: &str) -> Result<Option<Against>, GitError> {
        let Some(tip) = self.branch_tip(branch)? else {
            return Ok(None);
        };
        let repo = self.open()?;
        let during = || format!("{commit} cannot be compared with {branch}");
        let (ours, theirs) = (find_commit(&repo, &tip)?, find_commit(&repo, commit)?);
        let (_, behind) = repo
            .graph_ahead_behind(theirs.id(), ours.id())
            .during(during)?;
        let ancestor = repo.merge_base(ours.id(), theirs.id()).during(during)?;
        let ancestor = find_commit(&repo, &ancestor.to_string())?;
        let trees = (
            ancestor.tree().during(during)?,
            ours.tree().during(during)?,
            theirs.tree().during(during)?,
        );
        let merged = merge(&repo, &trees.0, &trees.1, &trees.2);
        Ok(Some(Against {
            behind: behind as u64,
            mergeable: match merged {
                Ok(_) => true,
                Err(GitError::Collision { .. }) => false,
                Err(error) => return Err(error),
            },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::repository;

    #[test]
    fn work_stands_behind_and_against_what_a_branch_has_gained() {
        let it = repository(&[("a.txt", "one\n"), ("b.txt", "two\n")]);
        let repo = it.repo.open().unwrap();
        let mut config = repo.config().unwrap();
        config.set_str("user.name", "Ada").unwrap();
        config.set_str("user.email", "ada@example.org").unwrap();
        config.set_bool("commit.gpgSign", false).unwrap();
        let change = |file: &str, text: &str| {
            let first = find_commit(&repo, &it.first).unwrap();
            let mut tree = repo.treebuilder(Some(&first.tree().unwrap())).unwrap();
            let blob = repo.blob(text.as_bytes()).unwrap();
            tree.insert(file, blob, 0o100_644).unwrap();
            let tree = tree.write().unwrap().to_string();
            it.repo.commit_tree(&tree, &[&it.first], file).unwrap()
        };
        let gained = change("a.txt", "theirs\n");
        let gained = find_commit(&repo, &gained).unwrap();
        repo.branch("all", &gained, false).unwrap();
        let against = |commit: &str| it.repo.against("all", commit).unwrap();
        let (apart, clash) = (change("b.txt", "mine\n"), change("a.txt", "mine\n"));
        let found = |mergeable| {
            Some(Against {
                behind: 1,
                mergeable,
            })
        };
        assert_eq!(against(&apart), found(true));
        assert_eq!(against(&clash), found(false));
        assert_eq!(it.repo.against("none", &apart).unwrap(), None);
    }
}
