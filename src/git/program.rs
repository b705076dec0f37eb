//! Calls of the `git` program, in the common folder and away from whatever a worktree could configure.
//!
//! No call here reads the config or the hooks that lie in a unit's worktree: an agent could have written them. A call
//! that looks into a worktree runs without the user's secrets, since filters may lead to programs that lie there.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::error::GitError;
use super::repo::Repo;
use crate::process::{Capture, Environment};

/// Variables that would send git to another repository or index than the one that is meant; a hook's git sets them
/// (`git rev-parse --local-env-vars`, without those that hold settings).
const ELSEWHERE: [&str; 15] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_PREFIX",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
    "GIT_GRAFT_FILE",
    "GIT_SHALLOW_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_LITERAL_PATHSPECS",
];

/// Where the user's settings lie: a road to no secret, and a worktree must be read as it was written.
const SETTINGS: [&str; 3] = [
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
];

/// Settings of the user's that would have git run what an agent wrote, keep an index in two files, see less than there
/// is, or refuse a file for its line ends.
const AMONG_WORK: [&str; 10] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.sparseCheckout=false",
    "core.splitIndex=false",
    "core.ignoreStat=false",
    "core.trustCTime=true",
    "core.checkStat=default",
    "core.safecrlf=false",
    "add.ignoreErrors=false",
    "advice.addEmbeddedRepo=false",
];

/// How many settings the environment holds (git-config(1)).
const SETTINGS_GIVEN: &str = "GIT_CONFIG_COUNT";

const ASKPASS: &str = "SSH_ASKPASS_REQUIRE";

/// Longer than any push of one branch takes on a line that is not dead.
const NETWORK_LIMIT: Duration = Duration::from_mins(30);

/// One call of `git`, being put together.
pub(super) struct Git {
    args: Vec<OsString>,
    envs: Vec<(OsString, OsString)>,
    dir: PathBuf,
    stdin: Vec<u8>,
    environment: Option<Environment>,
    cancel: Option<CancellationToken>,
    limit: Option<Duration>,
}

impl Repo {
    /// A call in the common folder, which is named: `safe.bareRepository` may forbid to find a bare one.
    pub(super) fn git<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Git {
        Git::new(&self.common, args).env("GIT_DIR", &self.common)
    }

    /// A call in the root of the user's checkout.
    pub(super) fn git_in_checkout<A: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = A>,
    ) -> Git {
        let call = Git::new(&self.root, args);
        if self.unlisted.is_empty() {
            return call;
        }
        // Not among the arguments, which everybody on the machine can see: people keep passwords in addresses.
        let given = std::env::var(SETTINGS_GIVEN).ok();
        let first = given
            .and_then(|count| count.parse().ok())
            .unwrap_or(0_usize);
        let numbered = (first..).zip(&self.unlisted);
        let call = call.env(SETTINGS_GIVEN, (first + self.unlisted.len()).to_string());
        numbered.fold(call, |call, (number, (name, address))| {
            call.env(
                format!("GIT_CONFIG_KEY_{number}"),
                format!("remote.{name}.url"),
            )
            .env(format!("GIT_CONFIG_VALUE_{number}"), address)
        })
    }

    /// A call that looks into a unit's worktree, with `index` in place of the worktree's own.
    pub(super) fn git_among_work(&self, worktree: &Path, index: &Path) -> Git {
        let settings = AMONG_WORK.iter().flat_map(|setting| ["-c", setting]);
        Git::new(worktree, settings)
            .env("GIT_DIR", &self.common)
            .env("GIT_WORK_TREE", worktree)
            .env("GIT_INDEX_FILE", index)
    }
}

impl Git {
    fn new<A: AsRef<OsStr>>(dir: &Path, args: impl IntoIterator<Item = A>) -> Self {
        Self {
            args: args.into_iter().map(|arg| arg.as_ref().into()).collect(),
            envs: Vec::new(),
            dir: dir.to_path_buf(),
            stdin: Vec::new(),
            environment: None,
            cancel: None,
            limit: None,
        }
    }

    /// Further arguments.
    pub(super) fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(Into::into));
        self
    }

    /// A variable that git shall see.
    pub(super) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.envs
            .push((name.as_ref().into(), value.as_ref().into()));
        self
    }

    /// What git reads.
    pub(super) fn stdin(mut self, bytes: Vec<u8>) -> Self {
        self.stdin = bytes;
        self
    }

    /// Git, and whatever it starts, gets none of the user's secrets.
    pub(super) fn without_secrets(mut self) -> Self {
        let pass = SETTINGS.map(str::to_owned);
        self.environment = Some(Environment::for_worker(std::env::vars_os(), &pass));
        self
    }

    /// Git talks to another machine, which may fall silent; it is ended when that takes too long.
    pub(super) fn over_the_network(mut self) -> Self {
        self.limit = Some(NETWORK_LIMIT);
        self
    }

    /// Git is ended when this fires.
    pub(super) fn until(mut self, cancel: &CancellationToken) -> Self {
        self.cancel = Some(cancel.clone());
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
        let mut call = Capture::new("git")
            .args(&self.args)
            .dir(&self.dir)
            .stdin(self.stdin)
            .without(&ELSEWHERE)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C");
        if std::env::var_os(ASKPASS).is_none() {
            // ssh would ask at the terminal, where a background process is stopped for ever as soon as it reads. So it
            // asks in a window, or fails where there is none.
            call = call.env(ASKPASS, "force");
        }
        for (name, value) in &self.envs {
            call = call.env(name, value);
        }
        if let Some(environment) = self.environment {
            call = call.environment(environment);
        }
        if let Some(cancel) = self.cancel {
            call = call.until(cancel);
        }
        if let Some(limit) = self.limit {
            call = call.limit(limit);
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

#[cfg(test)]
mod tests {
    use crate::git::fixture::repository;

    #[test]
    fn nothing_that_git_starts_asks_at_the_terminal() {
        let it = repository(&[("a.txt", "one\n")]);
        let alias = "alias.tell=!echo $SSH_ASKPASS_REQUIRE $GIT_TERMINAL_PROMPT";
        let told = it.repo.git(["-c", alias, "tell"]).run().unwrap();
        assert_eq!(told, b"force 0\n");
    }
}
