//! Remotes: which one to use, their addresses, and the commits of their branches.

use super::error::{Context, GitError};
use super::id::{BranchName, CommitId};
use super::repo::Repo;

impl Repo {
    /// Chooses the remote: `wanted`, else the remote of the current branch, else `origin`, else the only one.
    pub(crate) fn remote(&self, wanted: Option<&str>) -> Result<Option<String>, GitError> {
        let repo = self.open()?;
        let known: Vec<String> = repo
            .remotes()
            .context(|| "the remotes cannot be listed".into())?
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

    /// Returns the addresses of all remotes as the settings have them.
    pub(crate) fn remote_addresses(&self) -> Result<Vec<String>, GitError> {
        let repo = self.open()?;
        let failed = || "the remotes cannot be listed".to_owned();
        let names = repo.remotes().context(failed)?;
        let mut addresses = Vec::new();
        for name in names.iter().filter_map(|name| name.ok().flatten()) {
            let remote = repo.find_remote(name).context(failed)?;
            let all = [remote.url().ok(), remote.pushurl().ok().flatten()];
            addresses.extend(all.into_iter().flatten().map(str::to_owned));
        }
        Ok(addresses)
    }

    /// Lists the git settings that add a header to requests. Some CI systems keep a push token there.
    pub(crate) fn header_settings(&self) -> Result<Vec<String>, GitError> {
        // Asked in the checkout, because a configuration file may be included for some folders only.
        let out = self
            .git_in_checkout(["config", "--list", "--name-only", "-z"])
            .run()?;
        let mut names: Vec<String> = out
            .split(|byte| *byte == 0)
            .map(|name| String::from_utf8_lossy(name).into_owned())
            // Git prints the section and the last part in lower case (git-config(1)).
            .filter(|name| name.starts_with("http.") && name.ends_with(".extraheader"))
            .collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// Returns the addresses that pushes to `remote` go to, at least one, after `insteadOf` and `pushInsteadOf`.
    pub(crate) fn push_urls(&self, remote: &str) -> Result<Vec<String>, GitError> {
        let out = self
            .git(["remote", "get-url", "--push", "--all", remote])
            .run()?;
        Ok(String::from_utf8_lossy(&out)
            .lines()
            .map(ToOwned::to_owned)
            .collect())
    }

    /// Asks the remote whether it has a branch of this name.
    pub(crate) fn remote_has_branch(
        &self,
        remote: &str,
        branch: &BranchName,
    ) -> Result<bool, GitError> {
        Ok(self.remote_branch(remote, branch)?.is_some())
    }

    /// Asks the remote whether it has any branch.
    pub(crate) fn remote_has_branches(&self, remote: &str) -> Result<bool, GitError> {
        let out = self
            .git_in_checkout(["ls-remote", "--heads", "--", remote])
            .over_network()
            .run()?;
        Ok(!out.is_empty())
    }

    /// Asks the remote for the commit of its branch; `None` where it has no such branch.
    pub(crate) fn remote_branch(
        &self,
        remote: &str,
        branch: &BranchName,
    ) -> Result<Option<CommitId>, GitError> {
        let name = format!("refs/heads/{branch}");
        let out = self
            .git_in_checkout(["ls-remote", "--", remote, &name])
            .over_network()
            .run()?;
        let out = String::from_utf8_lossy(&out);
        Ok(out.split_whitespace().next().map(CommitId::new))
    }

    /// Asks the remote for the first of these names that is a branch there.
    pub(crate) fn first_remote_branch(
        &self,
        remote: &str,
        names: &[String],
    ) -> Result<Option<String>, GitError> {
        let full: Vec<String> = names
            .iter()
            .map(|name| format!("refs/heads/{name}"))
            .collect();
        let full: Vec<&str> = full.iter().map(String::as_str).collect();
        if full.is_empty() {
            return Ok(None);
        }
        let out = self
            .git_in_checkout(["ls-remote", "--", remote])
            .args(&full)
            .over_network()
            .run()?;
        let out = String::from_utf8_lossy(&out);
        // Git also lists refs that end in one of the names.
        let mut found = out.lines().filter_map(|line| line.split_once('\t'));
        Ok(found
            .find(|(_, name)| full.contains(name))
            .map(|(_, name)| name.trim_start_matches("refs/heads/").to_owned()))
    }

    /// Returns the commit of a remote's branch as far as it is known here.
    pub(crate) fn tracked_tip(
        &self,
        remote: &str,
        branch: &BranchName,
    ) -> Result<Option<CommitId>, GitError> {
        let name = format!("refs/remotes/{remote}/{branch}");
        match self.open()?.refname_to_id(&name) {
            Ok(id) => Ok(Some(CommitId::new(id.to_string()))),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(fault) => Err(GitError::Library {
                what: format!("{name} cannot be read"),
                fault,
            }),
        }
    }

    /// Fetches a remote's branch and returns its commit; `None` where the remote has no such branch. The user's refs
    /// stay as they are.
    pub(crate) fn fetch_branch(
        &self,
        remote: &str,
        branch: &BranchName,
    ) -> Result<Option<CommitId>, GitError> {
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
                .over_network()
                .run()?;
        }
        Ok(Some(tip))
    }
}
