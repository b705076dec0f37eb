//! How work stands against a branch, comes into it, and is put on top of it. All of it is done with objects and refs: no
//! checkout, index or file is touched.

use super::error::{During, GitError};
use super::lookup::find_commit;
use super::repo::Repo;
use super::tree_merge::merge;

/// Nobody puts more than this on top of a unit's work.
const MOST_COMMITS: usize = 250;

/// How a commit stands against a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Against {
    /// How many commits of the branch it does not have.
    pub behind: u64,
    /// Whether both can be put together without anybody's help.
    pub mergeable: bool,
}

/// How a merge is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joint {
    /// The new commit has both sides as its parents.
    Both,
    /// Only the branch: the work becomes one commit on top of it.
    Branch,
}

impl Repo {
    /// How a commit stands against a branch of this repository; nothing where there is no such branch.
    pub fn against(&self, branch: &str, commit: &str) -> Result<Option<Against>, GitError> {
        let Some(tip) = self.branch_tip(branch)? else {
            return Ok(None);
        };
        let repo = self.open()?;
        let during = || format!("{commit} cannot be compared with {branch}");
        let id = |text| git2::Oid::from_str(text).during(during);
        let (_, behind) = repo
            .graph_ahead_behind(id(commit)?, id(&tip)?)
            .during(during)?;
        Ok(Some(Against {
            behind: behind as u64,
            mergeable: match self.merged_tree(&tip, commit) {
                Ok(_) => true,
                Err(GitError::Collision { .. }) => false,
                Err(error) => return Err(error),
            },
        }))
    }

    /// Merges a commit into a branch, which is made at `base` where it is not there yet.
    pub fn merge_into(
        &self,
        branch: &str,
        base: &str,
        commit: &str,
        joint: Joint,
        message: &str,
    ) -> Result<(), GitError> {
        let tip = self.branch_tip(branch)?;
        let ours = tip.as_deref().unwrap_or(base);
        if self.contains(ours, commit)? {
            return Ok(());
        }
        let tree = self.merged_tree(ours, commit)?;
        let parents: &[&str] = match joint {
            Joint::Both => &[ours, commit],
            Joint::Branch => &[ours],
        };
        let made = self.commit_tree(&tree, parents, message)?;
        self.move_branch(branch, tip.as_deref(), &made)
    }

    /// The tree of both together.
    fn merged_tree(&self, ours: &str, theirs: &str) -> Result<String, GitError> {
        let repo = self.open()?;
        let during = || format!("{theirs} cannot be merged into {ours}");
        let (ours, theirs) = (find_commit(&repo, ours)?, find_commit(&repo, theirs)?);
        let ancestor = repo.merge_base(ours.id(), theirs.id()).during(during)?;
        let ancestor = repo.find_commit(ancestor).during(during)?;
        let (ancestor, ours, theirs) = (
            ancestor.tree().during(during)?,
            ours.tree().during(during)?,
            theirs.tree().during(during)?,
        );
        merge(&repo, &ancestor, &ours, &theirs).map(|tree| tree.to_string())
    }

    /// What a commit has changed since `start` as one commit on top of another one, with the words of the first that was
    /// made on `start`.
    pub fn transplant(&self, commit: &str, start: &str, onto: &str) -> Result<String, GitError> {
        let tree = self.graft(onto, start, commit)?;
        let repo = self.open()?;
        let last = find_commit(&repo, commit)?;
        let is_first = |commit: &git2::Commit<'_>| {
            let parent = commit.parent_id(0);
            parent.is_ok_and(|parent| parent.to_string() == start)
        };
        let line = std::iter::successors(Some(last.clone()), |commit| commit.parent(0).ok());
        // Where it was put together otherwise, its own words have to do.
        let message = line
            .take(MOST_COMMITS)
            .find(is_first)
            .unwrap_or(last)
            .message()
            .during(|| format!("the message of {commit} cannot be read"))?
            .to_owned();
        self.commit_tree(&tree, &[onto], &message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::{Fixture, repository};

    fn fixture() -> Fixture {
        let it = repository(&[("a.txt", "one\n"), ("b.txt", "two\n")]);
        it.identify();
        it
    }

    fn text(it: &Fixture, commit: &str, file: &str) -> String {
        let repo = it.repo.open().unwrap();
        let tree = find_commit(&repo, commit).unwrap().tree().unwrap();
        let blob = tree.get_name(file).unwrap().to_object(&repo).unwrap();
        String::from_utf8(blob.as_blob().unwrap().content().to_vec()).unwrap()
    }

    #[test]
    fn work_stands_behind_and_against_what_a_branch_has_gained() {
        let it = fixture();
        let gained = it.change(&it.first, "a.txt", "theirs\n");
        it.repo.move_branch("all", None, &gained).unwrap();
        let against = |commit: &str| it.repo.against("all", commit).unwrap();
        let apart = it.change(&it.first, "b.txt", "mine\n");
        let clash = it.change(&it.first, "a.txt", "mine\n");
        let found = |mergeable| {
            let behind = 1;
            Some(Against { behind, mergeable })
        };
        assert_eq!(against(&apart), found(true));
        assert_eq!(against(&clash), found(false));
        assert_eq!(it.repo.against("none", &apart).unwrap(), None);
    }

    #[test]
    fn work_is_merged_into_a_branch_that_nobody_has_checked_out() {
        let it = fixture();
        let (a, b) = (
            it.change(&it.first, "a.txt", "new\n"),
            it.change(&it.first, "b.txt", "new\n"),
        );
        let merge = |branch: &str, commit: &str, joint| {
            it.repo
                .merge_into(branch, &it.first, commit, joint, "Merge")
        };
        let tip = || it.repo.branch_tip("all").unwrap().unwrap();
        merge("all", &a, Joint::Both).unwrap();
        merge("all", &b, Joint::Branch).unwrap();
        let both = tip();
        merge("all", &a, Joint::Both).unwrap();
        assert_eq!(tip(), both, "it has that already");
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
        let here = repo.head().unwrap().shorthand().unwrap().to_owned();
        let said = merge(&here, &a, Joint::Both).unwrap_err().to_string();
        assert!(said.contains("is checked out in"), "{said}");
    }

    #[test]
    fn work_is_put_on_top_of_what_its_ground_has_become() {
        let it = fixture();
        let ground = it.change(&it.first, "a.txt", "new\n");
        let work = it.change(&ground, "b.txt", "new\n");
        // The ground came into the branch as another commit, with something else.
        let squashed = it.change(&it.first, "a.txt", "new\n");
        let onto = it.change(&squashed, "c.txt", "more\n");
        let moved = it.repo.transplant(&work, &ground, &onto).unwrap();
        let repo = it.repo.open().unwrap();
        let made = find_commit(&repo, &moved).unwrap();
        assert_eq!(made.parent_id(0).unwrap().to_string(), onto);
        assert_eq!(made.message(), Ok("b.txt"));
        assert_eq!(text(&it, &moved, "b.txt"), "new\n");
        assert_eq!(text(&it, &moved, "c.txt"), "more\n");
        let changed = it
            .repo
            .changes(&onto, &it.repo.tree(&moved).unwrap())
            .unwrap();
        assert_eq!(changed.list.len(), 1);

        let more = it.change(&work, "d.txt", "mended\n");
        let moved = it.repo.transplant(&more, &ground, &onto).unwrap();
        let made = find_commit(&repo, &moved).unwrap();
        assert_eq!(made.message(), Ok("b.txt"), "the first one's words");
        assert_eq!(text(&it, &moved, "d.txt"), "mended\n");
    }
}
