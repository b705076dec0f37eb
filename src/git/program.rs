//! Calls of the `git` program, in the common folder and away from whatever a worktree could configure.
//!
//! No call here reads the config or the hooks that lie in a unit's worktree: an agent could have written them.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::{GitError, Repo};
use crate::process;

/// One call of `git`, being put together.
pub(super) struct Git {
    args: Vec<OsString>,
    envs: Vec<(OsString, OsString)>,
    dir: PathBuf,
}

impl Repo {
    /// A call in the common folder.
    pub(super) fn git<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Git {
        Git {
            args: args.into_iter().map(|arg| arg.as_ref().into()).collect(),
            envs: Vec::new(),
            dir: self.common.clone(),
        }
    }
}

impl Git {
    /// Further arguments.
    pub(super) fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(Into::into));
        self
    }

    /// A variable that git shall see.
    pub(super) fn env(mut self, name: &'static str, value: impl AsRef<OsStr>) -> Self {
        self.envs.push((name.into(), value.as_ref().into()));
        self
    }

    /// The folder to run in.
    pub(super) fn dir(mut self, dir: &Path) -> Self {
        self.dir = dir.to_path_buf();
        self
    }

    /// Runs git and gives its standard output; a non-zero end is an error with git's own words.
    pub(super) fn run(self) -> Result<Vec<u8>, GitError> {
        let what = self
            .args
            .iter()
            .find(|arg| {
                let arg = arg.to_string_lossy();
                !arg.starts_with('-') && !arg.contains('=')
            })
            .map(|arg| arg.to_string_lossy().into_owned())
            .unwrap_or_default();
        let mut call = process::Capture::new("git")
            .args(&self.args)
            .dir(&self.dir)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C");
        for (name, value) in &self.envs {
            call = call.env(name, value);
        }
        let started = std::time::Instant::now();
        let out = call.run()?;
        tracing::debug!(took = ?started.elapsed(), "git {}", shown(&self.args));
        if out.status.success() {
            return Ok(out.stdout);
        }
        let reason = String::from_utf8_lossy(&out.stderr).trim().to_owned();
        Err(GitError::Program {
            what,
            reason: if reason.is_empty() {
                out.status.to_string()
            } else {
                reason
            },
        })
    }
}

fn shown(args: &[OsString]) -> String {
    let words: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
    words.join(" ")
}
