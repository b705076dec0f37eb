//! How work stands against a branch, comes into it, and is put on top of it. All of it is done with objects and refs: no
//! checkout, index or file is touched, and no branch that stands in a checkout is moved.

use tokio_util::sync::CancellationToken;

use super::base::find_commit;
use super::commit::without_lease;
use super::graft::merge;
use super::{During, GitError, Repo};

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

    /// Where two commits have parted; nothing where they have nothing in common.
    pub fn merge_base(&self, one: &str, other: &str) -> Result<Option<String>, GitError> {
        let repo = self.open()?;
        let during = || format!("{one} cannot be compared with {other}");
        let id = |text| git2::Oid::from_str(text).during(during);
        match repo.merge_base(id(one)?, id(other)?) {
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            found => Ok(Some(found.during(during)?.to_string())),
        }
    }

    /// Whether a commit is another one, or comes after it.
    pub fn contains(&self, later: &str, earlier: &str) -> Result<bool, GitError> {
        let repo = self.open()?;
        let during = || format!("{later} cannot be compared with {earlier}");
        let id = |text| git2::Oid::from_str(text).during(during);
        let (later, earlier) = (id(later)?, id(earlier)?);
        Ok(later == earlier || repo.graph_descendant_of(later, earlier).during(during)?)
    }

    /// Brings a branch from one commit to another, or makes it where it was nowhere; only while it stands there, and only
    /// if no checkout stands on it: its files would no longer be those of the branch.
    pub fn move_branch(&self, branch: &str, from: Option<&str>, to: &str) -> Result<(), GitError> {
        self.check_movable(branch)?;
        let name = format!("refs/heads/{branch}");
        // Zeros mean that it must not be there.
        let nowhere = "0".repeat(to.len());
        let from = from.unwrap_or(&nowhere);
        self.git(["update-ref", "-m", "batch", &name, to, from])
            .run()
            .map(drop)
    }

    /// Refuses a branch on which a checkout stands.
    pub fn check_movable(&self, branch: &str) -> Result<(), GitError> {
        let name = format!("refs/heads/{branch}");
        let format = "--format=%(worktreepath)";
        let place = self.git(["for-each-ref", format, &name]).run()?;
        let place = String::from_utf8_lossy(&place).trim().to_owned();
        if place.is_empty() {
            return Ok(());
        }
        Err(GitError::CheckedOut {
            branch: branch.to_owned(),
            place: place.into(),
        })
    }

    /// The commit at which a remote's branch stands, with all that belongs to it; nothing where it has no such branch. The
    /// user's refs stay as they are.
    pub fn fetch_branch(&self, remote: &str, branch: &str) -> Result<Option<String>, GitError> {
        let Some(tip) = self.remote_branch(remote, branch)? else {
            return Ok(None);
        };
        if !self.has_commit(&tip)? {
            let name = format!("refs/heads/{branch}");
            self.git_in_checkout(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"])
                .args(&[
                    "--refmap=",
                    "--no-recurse-submodules",
                    "--no-auto-maintenance",
                ])
                .args(&[remote, &name])
                .over_the_network()
                .run()?;
        }
        Ok(Some(tip))
    }

    /// Brings a remote's branch to where the local one of its name stands, if it still stands at one of the `earlier`
    /// commits. One that is not there, or is there already, is left as it is.
    pub fn push_again(
        &self,
        remote: &str,
        branch: &str,
        commit: &str,
        earlier: &[String],
    ) -> Result<(), GitError> {
        match self.remote_branch(remote, branch)? {
            None => Ok(()),
            stands => self.push_from(stands, remote, branch, commit, earlier),
        }
    }

    /// Like [`Self::push_again`], but a branch that is not there is made.
    pub fn push_over(
        &self,
        remote: &str,
        branch: &str,
        commit: &str,
        earlier: &[String],
    ) -> Result<(), GitError> {
        let stands = self.remote_branch(remote, branch)?;
        self.push_from(stands, remote, branch, commit, earlier)
    }

    fn push_from(
        &self,
        stands: Option<String>,
        remote: &str,
        branch: &str,
        commit: &str,
        earlier: &[String],
    ) -> Result<(), GitError> {
        match stands {
            Some(stands) if stands == commit => Ok(()),
            Some(stands) if !earlier.contains(&stands) => Err(GitError::BranchMoved {
                branch: branch.to_owned(),
                remote: remote.to_owned(),
            }),
            stands => {
                // Whatever the branch of that name here has come to hold.
                let never = CancellationToken::new();
                self.push_commit(remote, (commit, branch), stands.as_deref(), &never)
            }
        }
    }

    /// Deletes a branch of a remote, if it still stands at this commit.
    pub fn delete_remote_branch(
        &self,
        remote: &str,
        branch: &str,
        commit: &str,
    ) -> Result<(), GitError> {
        if self.remote_branch(remote, branch)?.is_none() {
            return Ok(());
        }
        let lease = format!("--force-with-lease=refs/heads/{branch}:{commit}");
        let spec = format!(":refs/heads/{branch}");
        self.git_in_checkout(["push", "--quiet"])
            .args(&[&lease, remote, &spec])
            .over_the_network()
            .run()
            .map(drop)
            .map_err(|error| without_lease(error, remote, branch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::{Fixture, repository};

    fn fixture() -> Fixture {
        let it = repository(&[("a.txt", "one\n"), ("b.txt", "two\n")]);
        let mut config = it.repo.open().unwrap().config().unwrap();
        config.set_str("user.name", "Ada").unwrap();
        config.set_str("user.email", "ada@example.org").unwrap();
        config.set_bool("commit.gpgSign", false).unwrap();
        it
    }

    /// A commit on `parent` that writes a text into a file.
    fn change(it: &Fixture, parent: &str, file: &str, text: &str) -> String {
        let repo = it.repo.open().unwrap();
        let before = find_commit(&repo, parent).unwrap().tree().unwrap();
        let mut tree = repo.treebuilder(Some(&before)).unwrap();
        let blob = repo.blob(text.as_bytes()).unwrap();
        tree.insert(file, blob, 0o100_644).unwrap();
        let tree = tree.write().unwrap().to_string();
        it.repo.commit_tree(&tree, &[parent], file).unwrap()
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
        let gained = change(&it, &it.first, "a.txt", "theirs\n");
        it.repo.move_branch("all", None, &gained).unwrap();
        let against = |commit: &str| it.repo.against("all", commit).unwrap();
        let apart = change(&it, &it.first, "b.txt", "mine\n");
        let clash = change(&it, &it.first, "a.txt", "mine\n");
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
            change(&it, &it.first, "a.txt", "new\n"),
            change(&it, &it.first, "b.txt", "new\n"),
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
        let ground = change(&it, &it.first, "a.txt", "new\n");
        let work = change(&it, &ground, "b.txt", "new\n");
        // The ground came into the branch as another commit, with something else.
        let squashed = change(&it, &it.first, "a.txt", "new\n");
        let onto = change(&it, &squashed, "c.txt", "more\n");
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

        let more = change(&it, &work, "d.txt", "mended\n");
        let moved = it.repo.transplant(&more, &ground, &onto).unwrap();
        let made = find_commit(&repo, &moved).unwrap();
        assert_eq!(made.message(), Ok("b.txt"), "the first one's words");
        assert_eq!(text(&it, &moved, "d.txt"), "mended\n");
    }

    #[test]
    fn a_branch_is_moved_only_from_where_it_stood() {
        let it = fixture();
        let (a, b) = (
            change(&it, &it.first, "a.txt", "new\n"),
            change(&it, &it.first, "b.txt", "new\n"),
        );
        it.repo.move_branch("all", None, &a).unwrap();
        assert!(it.repo.move_branch("all", None, &b).is_err());
        assert!(it.repo.move_branch("all", Some(&it.first), &b).is_err());
        it.repo.move_branch("all", Some(&a), &b).unwrap();
        assert_eq!(it.repo.branch_tip("all").unwrap(), Some(b));
    }
}
