//! The user's pre-push hook (githooks(5)), and the large files (Git LFS) that such a hook often pushes.
//!
//! batch runs the hook itself, where the files are that are pushed: a hook that git runs sees the user's own checkout.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::changes::ChangeKind;
use super::error::{Context, GitError};
use super::id::{BranchName, CommitId};
use super::private::without_password;
use super::repo::Repo;

/// What a file that Git LFS stores elsewhere begins with
/// (<https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>), and how long it may be, in bytes.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";
const LFS_POINTER_LENGTH: usize = 1024;

/// A push, as a pre-push hook is told of it.
#[derive(Debug, Clone)]
pub(crate) struct PlannedPush {
    pub remote: String,
    pub branch: BranchName,
    pub commit: CommitId,
    /// The commit of the remote's branch, where it has the branch.
    pub replaced: Option<CommitId>,
}

impl PlannedPush {
    /// Returns the line that git writes to the hook's standard input.
    pub(crate) fn line(&self) -> String {
        let Self { branch, commit, .. } = self;
        let zeros = "0".repeat(commit.as_str().len());
        let replaced = self.replaced.as_ref().map_or(&*zeros, CommitId::as_str);
        format!("refs/heads/{branch} {commit} refs/heads/{branch} {replaced}\n")
    }
}

impl Repo {
    /// Finds the pre-push hook for a push from the checkout at `worktree`. A relative `core.hooksPath` names a folder
    /// of that checkout, or of the user's checkout where that one lacks the hook because a tool made it.
    pub(crate) fn pre_push_hook(&self, worktree: &Path) -> Result<Option<PathBuf>, GitError> {
        let folders = match self.hooks_path()? {
            Some(path) => vec![worktree.join(&path), self.root.join(&path)],
            None => vec![self.common.join("hooks")],
        };
        let is_program = |path: &PathBuf| {
            path.metadata()
                .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        };
        Ok(folders
            .into_iter()
            .map(|folder| folder.join("pre-push"))
            .find(is_program))
    }

    /// Returns the user's `core.hooksPath`, where it is set.
    fn hooks_path(&self) -> Result<Option<PathBuf>, GitError> {
        let set = self
            .git_in_checkout(["config", "--type=path", "--get", "core.hooksPath"])
            .with_the_users_hooks()
            .run();
        match set {
            Ok(path) => {
                let path = path.strip_suffix(b"\n").unwrap_or(&path);
                Ok(Some(PathBuf::from(std::ffi::OsStr::from_bytes(path))))
            }
            // Git gives no message where the setting is absent.
            Err(GitError::Program { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the folder of the user's hooks, relative to the root, where it is a folder of the checkout.
    pub(crate) fn tracked_hooks_folder(&self) -> Result<Option<String>, GitError> {
        let Some(path) = self.hooks_path()? else {
            return Ok(None);
        };
        let path = self.root.join(path);
        let Ok(inside) = path.strip_prefix(&self.root) else {
            return Ok(None);
        };
        let parts = inside.components().filter_map(|part| match part {
            std::path::Component::Normal(part) => part.to_str(),
            _ => None,
        });
        let folder = parts.collect::<Vec<_>>().join("/");
        Ok(Some(folder).filter(|folder| !folder.is_empty()))
    }

    /// Returns the address that a pre-push hook is told of.
    pub(crate) fn pre_push_address(&self, remote: &str) -> Result<String, GitError> {
        // `git remote` knows no remotes of this process alone.
        if let Some((_, address)) = self.extra_remotes.iter().find(|(name, _)| name == remote) {
            return Ok(without_password(address));
        }
        let urls = self.push_urls(remote)?;
        Ok(urls.into_iter().next().unwrap_or_else(|| remote.to_owned()))
    }

    /// Pushes the large files of a commit, where it adds or changes any since the commit `from`.
    pub(crate) fn push_large_files(
        &self,
        push: &PlannedPush,
        from: &CommitId,
    ) -> Result<(), GitError> {
        if !self.has_large_files(from, &push.commit)? {
            return Ok(());
        }
        let address = self.pre_push_address(&push.remote)?;
        self.git_in_checkout(["lfs", "pre-push", &push.remote, &address])
            .stdin(push.line().into_bytes())
            .over_network()
            .run()
            .map(drop)
    }

    fn has_large_files(&self, from: &CommitId, commit: &CommitId) -> Result<bool, GitError> {
        let changes = self.changes(from, commit)?;
        let repo = self.open()?;
        let context = || format!("the files of commit {commit} cannot be read");
        let id = git2::Oid::from_str(commit.as_str()).context(context)?;
        let tree = repo
            .find_commit(id)
            .and_then(|commit| commit.tree())
            .context(context)?;
        let is_pointer = |path: &[u8]| {
            let entry = tree
                .get_path(Path::new(std::ffi::OsStr::from_bytes(path)))
                .ok()?;
            let (size, _) = repo.odb().ok()?.read_header(entry.id()).ok()?;
            let blob = repo
                .find_blob(entry.id())
                .ok()
                .filter(|_| size <= LFS_POINTER_LENGTH)?;
            Some(blob.content().starts_with(LFS_POINTER))
        };
        Ok(changes
            .list
            .iter()
            .filter(|change| change.kind != ChangeKind::Deleted)
            .any(|change| is_pointer(&change.path) == Some(true)))
    }
}
