//! The base: which commit it is, which files it tracks, and what is in them.

use std::path::Path;

use super::{During, Entry, EntryKind, GitError, Repo};

/// A commit to start from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Its full id.
    pub id: String,
    /// How the user knows it: `origin/main`, `HEAD`, `v1.2`.
    pub name: String,
    /// The branch that pull requests go to, without the remote's name; `None` when the base is not a branch.
    pub branch: Option<String>,
}

/// Reads files of one commit. Not shared between threads; each makes its own.
pub struct Reader {
    repo: git2::Repository,
    tree: git2::Oid,
}

impl Reader {
    /// The content of a file, if it is there and is text.
    pub fn text(&self, path: &str) -> Option<String> {
        let tree = self.repo.find_tree(self.tree).ok()?;
        let entry = tree.get_path(Path::new(path)).ok()?;
        let blob = self.repo.find_blob(entry.id()).ok()?;
        String::from_utf8(blob.content().to_vec()).ok()
    }
}

impl Repo {
    /// The commit to start from: `name` where given, else the remote's default branch where known, else HEAD.
    pub fn base(&self, name: Option<&str>, remote: Option<&str>) -> Result<Base, GitError> {
        let repo = self.open()?;
        if let Some(name) = name {
            return self.named_base(&repo, name, remote);
        }
        if let Some(remote) = remote
            && let Some((name, commit)) = remote_default(&repo, remote)
        {
            let branch = name
                .strip_prefix(&format!("{remote}/"))
                .map(ToOwned::to_owned);
            return Ok(Base {
                id: commit.to_string(),
                name,
                branch,
            });
        }
        self.head_base(remote)
    }

    /// HEAD of the checkout in which the user stands, which need not be the main one.
    fn head_base(&self, remote: Option<&str>) -> Result<Base, GitError> {
        let here = git2::Repository::open(&self.root)
            .during(|| format!("the checkout {} cannot be opened", self.root.display()))?;
        let head = here.head().map_err(|error| match error.code() {
            git2::ErrorCode::UnbornBranch | git2::ErrorCode::NotFound => GitError::NoCommits,
            _ => GitError::Library {
                what: "HEAD cannot be read".into(),
                fault: error,
            },
        })?;
        let commit = head
            .peel_to_commit()
            .during(|| "HEAD is no commit".into())?;
        let branch = if head.is_branch() {
            head.shorthand().ok().map(ToOwned::to_owned)
        } else {
            remote.and_then(|remote| default_branch(&here, remote))
        };
        Ok(Base {
            id: commit.id().to_string(),
            name: "HEAD".into(),
            branch,
        })
    }

    fn named_base(
        &self,
        repo: &git2::Repository,
        name: &str,
        remote: Option<&str>,
    ) -> Result<Base, GitError> {
        if name == "HEAD" {
            return self.head_base(remote);
        }
        let unknown = || GitError::UnknownBase {
            name: name.to_owned(),
            near: near_names(repo, name),
        };
        let (object, reference) = repo.revparse_ext(name).map_err(|_| unknown())?;
        let commit = object.peel_to_commit().map_err(|_| unknown())?;
        let branch = reference
            .as_ref()
            .and_then(|reference| {
                let full = reference.name().ok()?;
                if let Some(local) = full.strip_prefix("refs/heads/") {
                    return Some(local.to_owned());
                }
                full.strip_prefix(&format!("refs/remotes/{}/", remote?))
                    .filter(|branch| *branch != "HEAD")
                    .map(ToOwned::to_owned)
            })
            .or_else(|| default_branch(repo, remote?));
        Ok(Base {
            id: commit.id().to_string(),
            name: name.to_owned(),
            branch,
        })
    }

    /// Whether the repository holds this commit.
    pub fn has_commit(&self, id: &str) -> Result<bool, GitError> {
        let repo = self.open()?;
        Ok(git2::Oid::from_str(id).is_ok_and(|id| repo.find_commit(id).is_ok()))
    }

    /// The sizes of all files that the commit tracks, in bytes, as git keeps them.
    pub fn sizes(&self, commit: &str) -> Result<Vec<u64>, GitError> {
        let repo = self.open()?;
        let odb = repo.odb().during(|| "the objects cannot be read".into())?;
        let entries = self.entries(commit)?;
        let sizes = entries
            .iter()
            .filter(|entry| entry.kind != EntryKind::Submodule);
        // Of a clone without all objects, what is not there yet is not known.
        Ok(sizes
            .map(|entry| {
                odb.read_header(entry.blob)
                    .map_or(0, |(size, _)| size as u64)
            })
            .collect())
    }

    /// A reader of a commit's files by their paths, for the calling thread.
    pub fn reader(&self, commit: &str) -> Result<Reader, GitError> {
        let repo = self.open()?;
        let tree = tree_of(&repo, commit)?.id();
        Ok(Reader { repo, tree })
    }

    /// The remote to use: `wanted`, else the current branch's own, else `origin`, else the only one there is.
    pub fn remote(&self, wanted: Option<&str>) -> Result<Option<String>, GitError> {
        let repo = self.open()?;
        let known: Vec<String> = repo
            .remotes()
            .during(|| "the remotes cannot be listed".into())?
            .iter()
            .filter_map(|name| name.ok().flatten().map(ToOwned::to_owned))
            .collect();
        if let Some(name) = wanted {
            return if known.iter().any(|known| known == name) {
                Ok(Some(name.to_owned()))
            } else {
                Err(GitError::UnknownRemote {
                    name: name.to_owned(),
                    known,
                })
            };
        }
        let upstream = git2::Repository::open(&self.root)
            .ok()
            .and_then(|here| {
                let head = here.head().ok()?;
                let remote = here.branch_upstream_remote(head.name().ok()?).ok()?;
                remote.as_str().ok().map(ToOwned::to_owned)
            })
            .filter(|name| known.contains(name));
        Ok(upstream
            .or_else(|| known.iter().find(|name| *name == "origin").cloned())
            .or_else(|| match &known[..] {
                [only] => Some(only.clone()),
                _ => None,
            }))
    }

    /// The names of the settings that add a header to requests: some servers' runners keep a token there, to push with.
    pub fn header_settings(&self) -> Result<Vec<String>, GitError> {
        // From the checkout: settings may be included for one place only.
        let out = self
            .git_in_checkout(["config", "--list", "--name-only", "-z"])
            .run()?;
        let mut names: Vec<String> = out
            .split(|byte| *byte == 0)
            .map(|name| String::from_utf8_lossy(name).into_owned())
            // The section and the last part are told in lower case (git-config(1)).
            .filter(|name| name.starts_with("http.") && name.ends_with(".extraheader"))
            .collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// The addresses that pushes to `remote` go to, at least one, after `insteadOf` and `pushInsteadOf`.
    pub fn push_urls(&self, remote: &str) -> Result<Vec<String>, GitError> {
        let out = self
            .git(["remote", "get-url", "--push", "--all", remote])
            .run()?;
        Ok(String::from_utf8_lossy(&out)
            .lines()
            .map(ToOwned::to_owned)
            .collect())
    }
}

/// Whether the clone was made without some objects, which git fetches when it needs them (gitrepository-layout(5),
/// `git help partial-clone`). libgit2 does not.
pub(super) fn is_partial(repo: &git2::Repository) -> bool {
    let Ok(config) = repo.config() else {
        return false;
    };
    let promises = |name: &str| {
        config
            .entries(Some(name))
            .is_ok_and(|mut it| it.next().is_some())
    };
    promises(r"^extensions\.partialclone$") || promises(r"^remote\..*\.promisor$")
}

/// Every worktree needs all files, whatever the plan is about.
pub(super) fn refuse_missing(repo: &git2::Repository, entries: &[Entry]) -> Result<(), GitError> {
    let odb = repo.odb().during(|| "the objects cannot be read".into())?;
    // Else every file that is missing makes libgit2 look through all packs once more.
    let has = |blob| odb.exists_ext(blob, git2::OdbLookupFlags::NO_REFRESH);
    let missing = entries
        .iter()
        .filter(|entry| entry.kind != EntryKind::Submodule && !has(entry.blob))
        .count();
    if missing == 0 {
        return Ok(());
    }
    let missing = missing.to_string();
    Err(GitError::Partial { missing })
}

pub(super) fn tree_of<'r>(
    repo: &'r git2::Repository,
    commit: &str,
) -> Result<git2::Tree<'r>, GitError> {
    find_tree(repo, find_commit(repo, commit)?.tree_id())
}

fn find_tree(repo: &git2::Repository, id: git2::Oid) -> Result<git2::Tree<'_>, GitError> {
    match repo.find_tree(id) {
        Err(error) if error.code() == git2::ErrorCode::NotFound && is_partial(repo) => {
            let missing = "some".to_owned();
            Err(GitError::Partial { missing })
        }
        found => found.during(|| format!("tree {id} cannot be read")),
    }
}

pub(super) fn find_commit<'r>(
    repo: &'r git2::Repository,
    commit: &str,
) -> Result<git2::Commit<'r>, GitError> {
    git2::Oid::from_str(commit)
        .and_then(|id| repo.find_commit(id))
        .during(|| format!("commit {commit} cannot be read"))
}

/// `origin/main` and its commit, when `refs/remotes/origin/HEAD` says so.
fn remote_default(repo: &git2::Repository, remote: &str) -> Option<(String, git2::Oid)> {
    let head = repo
        .find_reference(&format!("refs/remotes/{remote}/HEAD"))
        .ok()?;
    let target = head.resolve().ok()?;
    let commit = target.peel_to_commit().ok()?;
    Some((target.shorthand().ok()?.to_owned(), commit.id()))
}

fn default_branch(repo: &git2::Repository, remote: &str) -> Option<String> {
    let (name, _) = remote_default(repo, remote)?;
    name.strip_prefix(&format!("{remote}/"))
        .map(ToOwned::to_owned)
}

/// Up to three branch and tag names that look like `name`.
fn near_names(repo: &git2::Repository, name: &str) -> Vec<String> {
    let Ok(references) = repo.references() else {
        return Vec::new();
    };
    let mut scored: Vec<(f64, String)> = references
        .filter_map(Result::ok)
        .filter_map(|reference| reference.shorthand().ok().map(ToOwned::to_owned))
        .map(|candidate| {
            let last = candidate.rsplit('/').next().unwrap_or(&candidate);
            let likeness =
                strsim::jaro_winkler(name, &candidate).max(strsim::jaro_winkler(name, last));
            (likeness, candidate)
        })
        .filter(|(likeness, _)| *likeness > 0.75)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    scored.truncate(3);
    scored.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::Attributes;
    use crate::git::fixture::repository;

    #[test]
    fn without_a_remote_the_base_is_head() {
        let it = repository(&[("a.txt", "one\n")]);
        let base = it
            .repo
            .base(None, it.repo.remote(None).unwrap().as_deref())
            .unwrap();
        assert_eq!(base.name, "HEAD");
        assert!(it.repo.has_commit(&base.id).unwrap());
    }

    #[test]
    fn the_remotes_default_branch_comes_before_head() {
        let it = repository(&[("a.txt", "one\n")]);
        let git = git2::Repository::open(it.repo.root()).unwrap();
        git.remote("origin", "https://example.org/shop.git")
            .unwrap();
        let first = git.head().unwrap().peel_to_commit().unwrap();
        git.reference("refs/remotes/origin/trunk", first.id(), true, "")
            .unwrap();
        git.reference_symbolic(
            "refs/remotes/origin/HEAD",
            "refs/remotes/origin/trunk",
            true,
            "",
        )
        .unwrap();
        let who = git2::Signature::now("Ada", "ada@example.org").unwrap();
        let tree = first.tree().unwrap();
        git.commit(Some("HEAD"), &who, &who, "second", &tree, &[&first])
            .unwrap();

        let base = it
            .repo
            .base(None, it.repo.remote(None).unwrap().as_deref())
            .unwrap();
        assert_eq!(base.id, first.id().to_string());
        assert_eq!(base.name, "origin/trunk");
        assert_eq!(base.branch.as_deref(), Some("trunk"));
    }

    #[test]
    fn an_unknown_base_names_what_is_near() {
        let it = repository(&[("a.txt", "one\n")]);
        let git = git2::Repository::open(it.repo.root()).unwrap();
        let first = git.head().unwrap().peel_to_commit().unwrap();
        git.branch("release-2", &first, false).unwrap();
        let error = it.repo.base(Some("relaese-2"), None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no commit \"relaese-2\" in this repository; there is release-2"
        );
    }

    #[test]
    fn a_repository_without_a_commit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        git2::Repository::init(folder.path()).unwrap();
        let repo = Repo::discover(folder.path()).unwrap();
        assert!(matches!(repo.base(None, None), Err(GitError::NoCommits)));
    }

    #[test]
    fn no_repository_and_a_bare_one_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            Repo::discover(folder.path()),
            Err(GitError::NotARepository { .. })
        ));
        git2::Repository::init_bare(folder.path()).unwrap();
        assert!(matches!(
            Repo::discover(folder.path()),
            Err(GitError::Bare { .. })
        ));
    }

    #[test]
    fn a_reader_knows_files_and_no_folders() {
        let it = repository(&[("b/deep/er.txt", "x"), ("b/c.txt", "z")]);
        let reader = it.repo.reader(&it.first).unwrap();
        assert_eq!(reader.text("b/c.txt").as_deref(), Some("z"));
        assert_eq!(reader.text("b"), None);
    }

    #[test]
    fn attributes_of_a_deeper_folder_win() {
        let it = repository(&[
            (
                ".gitattributes",
                "*.bin binary\ngen/** linguist-generated\n",
            ),
            ("gen/.gitattributes", "hand.js -linguist-generated\n"),
            ("gen/hand.js", ""),
            ("gen/made.js", ""),
            ("src/logo.bin", ""),
            ("src/main.js", ""),
        ]);
        let base = it.repo.base(None, None).unwrap();
        let entries = it.repo.entries(&base.id).unwrap();
        let mut rules = Attributes::read(&entries, &it.repo.objects().unwrap()).unwrap();
        assert_eq!(rules.reason_to_set_aside("gen/made.js"), Some("generated"));
        assert_eq!(rules.reason_to_set_aside("gen/hand.js"), None);
        assert_eq!(rules.reason_to_set_aside("src/logo.bin"), Some("binary"));
        assert_eq!(rules.reason_to_set_aside("src/main.js"), None);
    }
}
