//! Runs the `git` program so that no worktree can configure it.
//!
//! No call reads the configuration or hooks in a unit's worktree, because an agent could have written them. No hook and
//! no file-system monitor runs. A call that reads a worktree runs without the user's secrets, because filters may start
//! programs that are in the worktree. Only a call that talks to another machine sees the tokens of the forge.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::error::GitError;
use super::opening::REPOSITORY_VARIABLES;
use super::repo::Repo;
use crate::process::{Capture, Environment, FORGE_TOKENS};

/// Variables that name the user's configuration files. They lead to no secret, and a worktree must be read with the
/// same settings that it was written with.
const CONFIG_VARIABLES: [&str; 3] = [
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
];

/// Overrides settings with which any call would run programs on the side: batch's own calls are not the user's work.
const SETTINGS: [&str; 3] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    // Otherwise git would change the user's repositories of submodules.
    "submodule.recurse=false",
];

/// Overrides user settings with which git would keep an index in two files, overlook changes, or refuse a file for its
/// line ends.
const WORKTREE_SETTINGS: [&str; 10] = [
    // Names that another system takes for `.git` are refused, whatever this system takes them for.
    "core.protectNTFS=true",
    "core.protectHFS=true",
    "core.sparseCheckout=false",
    "core.splitIndex=false",
    "core.ignoreStat=false",
    "core.trustCTime=true",
    "core.checkStat=default",
    "core.safecrlf=false",
    "add.ignoreErrors=false",
    "advice.addEmbeddedRepo=false",
];

/// The variable that counts the settings in the environment (git-config(1)).
const CONFIG_COUNT: &str = "GIT_CONFIG_COUNT";

/// The settings of an outer git's `-c`. A worktree is made and read without them.
const OUTER_SETTINGS: &str = "GIT_CONFIG_PARAMETERS";

/// Settings that decide how a file is written into a worktree and read from it, and hold no secret. A worktree is made
/// and read with the same, also where the environment holds them.
const FILE_SETTINGS: [&str; 10] = [
    "core.attributesfile",
    "core.autocrlf",
    "core.bigfilethreshold",
    "core.checkroundtripencoding",
    "core.eol",
    "core.excludesfile",
    "core.filemode",
    "core.ignorecase",
    "core.precomposeunicode",
    "core.symlinks",
];

/// Variables of the user's with which git would understand paths otherwise, or show differences otherwise.
const MANNERS: [&str; 5] = [
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_DIFF_OPTS",
    "GIT_EXTERNAL_DIFF",
];

const ASKPASS: &str = "SSH_ASKPASS_REQUIRE";

/// Longer than git takes for the files of any worktree. A named pipe in place of `.gitignore` would hold git for ever.
const WORKTREE_LIMIT: Duration = Duration::from_mins(10);

/// Longer than any push of one branch takes on a working connection.
const NETWORK_LIMIT: Duration = Duration::from_mins(30);

/// A call of `git` that is being built.
pub(super) struct Git {
    args: Vec<OsString>,
    envs: Vec<(OsString, OsString)>,
    dir: PathBuf,
    stdin: Vec<u8>,
    environment: Option<Environment>,
    cancel: Option<CancellationToken>,
    limit: Option<Duration>,
    /// How many bytes the call may print.
    most: Option<usize>,
    /// Whether the call may see the tokens of the forge.
    sees_tokens: bool,
    settings: &'static [&'static str],
    /// Further variables that the call does not see.
    without: &'static [&'static str],
}

/// Returns the settings in the environment that decide how files are written and read, with their values.
pub(super) fn file_settings_of_environment() -> Vec<(String, String)> {
    let count = std::env::var(CONFIG_COUNT).ok();
    let count = count.and_then(|count| count.parse().ok()).unwrap_or(0_u32);
    (0..count)
        .filter_map(|number| {
            let name = std::env::var(format!("GIT_CONFIG_KEY_{number}")).ok()?;
            let value = std::env::var(format!("GIT_CONFIG_VALUE_{number}")).ok()?;
            Some((name, value))
        })
        .filter_map(|(name, value)| {
            let lower = name.to_ascii_lowercase();
            if FILE_SETTINGS.contains(&&*lower) {
                return Some((lower, value));
            }
            lower.starts_with("filter.").then_some((name, value))
        })
        .collect()
}

impl Repo {
    /// Prepares a call in the common folder. `GIT_DIR` names it, because `safe.bareRepository` may forbid git to find
    /// it.
    pub(super) fn git<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Git {
        Git::new(&self.common, args).env("GIT_DIR", &self.common)
    }

    /// Prepares a call in the root of the user's checkout.
    pub(super) fn git_in_checkout<A: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = A>,
    ) -> Git {
        let call = Git::new(&self.root, args);
        if self.extra_remotes.is_empty() {
            return call;
        }
        // Not as arguments, which everybody on the machine can read: an address may hold a password.
        let count = std::env::var(CONFIG_COUNT).ok();
        let first = count
            .and_then(|count| count.parse().ok())
            .unwrap_or(0_usize);
        let numbered = (first..).zip(&self.extra_remotes);
        let call = call.env(CONFIG_COUNT, (first + self.extra_remotes.len()).to_string());
        numbered.fold(call, |call, (number, (name, address))| {
            call.env(
                format!("GIT_CONFIG_KEY_{number}"),
                format!("remote.{name}.url"),
            )
            .env(format!("GIT_CONFIG_VALUE_{number}"), address)
        })
    }

    /// Prepares a call in a unit's worktree, with `index` in place of the worktree's own.
    pub(super) fn git_in_worktree(&self, worktree: &Path, index: &Path) -> Git {
        let fixed = WORKTREE_SETTINGS.map(str::to_owned).into_iter();
        let given = file_settings_of_environment()
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"));
        // The setting may come from another file system. Git would take two files for one, or one file for two.
        let has = |name: &str| worktree.join(name).symlink_metadata().is_ok();
        let case = (has(".git") && !has(".GIT")).then(|| "core.ignoreCase=false".to_owned());
        let settings = given.chain(fixed).chain(case);
        let mut call = Git::new(worktree, settings.flat_map(|it| ["-c".to_owned(), it]));
        call.without = &[OUTER_SETTINGS];
        call.env("GIT_DIR", &self.common)
            .env("GIT_WORK_TREE", worktree)
            .env("GIT_INDEX_FILE", index)
            .within(WORKTREE_LIMIT)
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
            most: None,
            sees_tokens: false,
            settings: &SETTINGS,
            without: &[],
        }
    }

    /// Adds arguments.
    pub(super) fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(Into::into));
        self
    }

    /// Adds an argument that ends in a path, in git's own bytes.
    pub(super) fn arg_with_path(mut self, flag: &str, path: &[u8]) -> Self {
        let mut arg = OsString::from(flag);
        arg.push(OsStr::from_bytes(path));
        self.args.push(arg);
        self
    }

    /// Sets an environment variable.
    pub(super) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.envs
            .push((name.as_ref().into(), value.as_ref().into()));
        self
    }

    /// Sets the standard input.
    pub(super) fn stdin(mut self, bytes: Vec<u8>) -> Self {
        self.stdin = bytes;
        self
    }

    /// Keeps the user's secrets from git and from every program that it starts.
    pub(super) fn without_secrets(mut self) -> Self {
        let pass = CONFIG_VARIABLES.map(str::to_owned);
        self.environment = Some(Environment::for_worker(std::env::vars_os(), &pass));
        self
    }

    /// Lets a call see where the user's hooks are.
    pub(super) fn with_the_users_hooks(mut self) -> Self {
        self.settings = &[];
        self
    }

    /// Lets a call talk to another machine, and ends it when it waits too long.
    pub(super) fn over_network(mut self) -> Self {
        self.sees_tokens = true;
        self.within(NETWORK_LIMIT)
    }

    /// Ends git when it has printed more bytes.
    pub(super) fn at_most(mut self, bytes: usize) -> Self {
        self.most = Some(bytes);
        self
    }

    /// Ends git when it takes longer.
    pub(super) fn within(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Ends git when `cancel` fires.
    pub(super) fn until(mut self, cancel: &CancellationToken) -> Self {
        self.cancel = Some(cancel.clone());
        self
    }

    /// Runs git and returns its standard output. A non-zero exit code is an error with git's own message.
    pub(super) fn run(self) -> Result<Vec<u8>, GitError> {
        self.run_with_warnings().map(|(out, _)| out)
    }

    /// Runs git like [`run`](Self::run), and returns what git said on stderr as well, where it warns of what it leaves
    /// out.
    pub(super) fn run_with_warnings(self) -> Result<(Vec<u8>, String), GitError> {
        let what = self
            .args
            .iter()
            .find(|arg| {
                let arg = arg.to_string_lossy();
                !arg.starts_with('-') && !arg.contains('=')
            })
            .map(|arg| arg.to_string_lossy().into_owned())
            .unwrap_or_default();
        let settings = self.settings.iter().flat_map(|setting| ["-c", setting]);
        let settings: Vec<OsString> = settings.map(Into::into).collect();
        let mut call = Capture::new("git")
            .args(&settings)
            .args(&self.args)
            .dir(&self.dir)
            .stdin(self.stdin)
            .without_variables(&REPOSITORY_VARIABLES)
            .without_variables(&MANNERS)
            .without_variables(self.without)
            // `git replace` shows another object in place of the one that an id names.
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C");
        if std::env::var_os(ASKPASS).is_none() {
            // ssh would ask at the terminal, and a background process that reads from it is stopped for ever. With this
            // setting ssh asks in a window, or fails where there is none.
            call = call.env(ASKPASS, "force");
        }
        for (name, value) in &self.envs {
            call = call.env(name, value);
        }
        if let Some(environment) = self.environment {
            call = call.environment(environment);
        }
        if let Some(cancel) = self.cancel {
            call = call.cancelled_by(cancel);
        }
        if let Some(limit) = self.limit {
            call = call.limit(limit);
        }
        if let Some(most) = self.most {
            call = call.at_most(most);
        }
        if !self.sees_tokens {
            call = call.without_variables(&FORGE_TOKENS);
        }
        let started = std::time::Instant::now();
        let out = call.run()?;
        tracing::debug!(took = ?started.elapsed(), "git {}", shown(&self.args));
        let said = String::from_utf8_lossy(&out.stderr);
        if out.status.success() {
            return Ok((out.stdout, said.into_owned()));
        }
        let reason = said.trim().to_owned();
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
    fn no_program_that_git_starts_asks_at_the_terminal() {
        let it = repository(&[("a.txt", "one\n")]);
        let alias = "alias.show-env=!echo $SSH_ASKPASS_REQUIRE $GIT_TERMINAL_PROMPT";
        let output = it.repo.git(["-c", alias, "show-env"]).run().unwrap();
        assert_eq!(output, b"force 0\n");
    }
}
