//! The reasons why pull requests cannot go where the user wants them, as sentences for people.

use crate::config::RepoName;
use crate::forge::{ForgeError, remedy};
use crate::git::{BranchName, GitError};

/// Why pull requests cannot go where the user wants them.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Forge(#[from] ForgeError),
    #[error(
        "pull requests on GitHub were asked for, but the repository has no remote: add one with git remote add origin \
         URL, or use --forge local"
    )]
    NoRemote,
    #[error(
        "pull requests on GitHub were asked for, but remote {remote} is not on GitHub: name another with --remote, \
         set [github] api-url for an Enterprise server, or use --forge local"
    )]
    NotGitHub { remote: String },
    #[error(
        "--repo {repo} names a repository on GitHub, but pull requests are to stay in this repository: leave one of \
         them out"
    )]
    NoRepoHere { repo: RepoName },
    #[error(
        "--fork is for pull requests on GitHub, but they are to stay in this repository: leave one of them out"
    )]
    NoForkHere,
    #[error(
        "how to reach {repo} cannot be told from the remote's address: give the remote one of the form \
         git@HOST:OWNER/NAME.git, or https://HOST/OWNER/NAME.git"
    )]
    NoWay { repo: String },
    #[error(
        "the fork {fork} was made, but nothing can be pushed there yet ({reason}): try again when it can be reached"
    )]
    NoFork { fork: String, reason: String },
    #[error("the runtime cannot be started: {0}")]
    Runtime(std::io::Error),
    #[error("there is no token for {host}: {}", remedy(host))]
    NoToken { host: String },
    #[error(
        "a pull request on GitHub needs its branch pushed: leave --no-push out, or use --forge local"
    )]
    UnpushedOnGitHub,
    #[error(
        "--push was given, but the repository has no remote to push to: add one with git remote add origin URL"
    )]
    NothingToPushTo,
    #[error(
        "pull requests must go to a branch, and {base} is none: name one with --base, for example --base {remote}/main"
    )]
    BaseIsNoBranch { base: String, remote: String },
    #[error(
        "pages of pull requests must name the branch that they go to, and {base} is none: name one with --base, or \
         give --dry-run for commits alone"
    )]
    BaseIsNoBranchHere { base: String },
    #[error(
        "the base {base} has {commits} that {remote}/{branch} lacks, and every pull request would hold them: push them \
         with git push {remote} {branch}, or give --base {remote}/{branch}"
    )]
    Unpushed {
        base: String,
        /// How many, in words.
        commits: String,
        remote: String,
        branch: BranchName,
    },
    #[error(
        "remote {remote} has a branch {blocker}, so no branch below {blocker}/ can be pushed there: rename it, or set \
         [publish] branch in batch.toml"
    )]
    NameTaken { remote: String, blocker: String },
    #[error(
        "remote {remote} has no branch {branch}, so no pull request can go there: push it, or name another with --base"
    )]
    BaseNotOnRemote { remote: String, branch: BranchName },
}
