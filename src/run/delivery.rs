//! Where the work of a run goes: which forge, which remote, which branch the pull requests are for.
//!
//! Decided before the run begins, from the remote's address, the tokens at hand and the user's wishes, so that no agent
//! works for a pull request that could never be opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{Config, ForgeChoice, PushChoice};
use crate::forge::{Forge, ForgeError, GitHubForge, GitHubRepo, LocalForge, Pace, Token};
use crate::git::{Base, GitError, Repo};
use crate::process::Capture;

/// What becomes of a unit's commit.
pub enum Delivery {
    /// It stands on its branch, and that is all.
    Nothing,
    /// It becomes a pull request.
    PullRequest {
        forge: Arc<dyn Forge>,
        /// The remote that branches are pushed to before, if any.
        remote: Option<String>,
        /// The branch that pull requests go to.
        base_branch: String,
        draft: bool,
    },
}

/// How far a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Everything up to the commit.
    Commits,
    PullRequests,
}

/// Why pull requests cannot go where they are wanted.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Forge(#[from] ForgeError),
    #[error(
        "pull requests on GitHub were asked for, but the repository has no remote: add one with git remote add origin URL, or use --forge local"
    )]
    NoRemote,
    #[error(
        "pull requests on GitHub were asked for, but remote {remote} is not on GitHub: name another with --remote, set [github] api-url for an Enterprise server, or use --forge local"
    )]
    NotGitHub { remote: String },
    #[error("there is no token for {host}: set GITHUB_TOKEN or GH_TOKEN, or run `gh auth login`")]
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
        "remote {remote} has no branch {branch}, so no pull request can go there: push it, or name another with --base"
    )]
    BaseNotOnRemote { remote: String, branch: String },
}

impl Delivery {
    /// Decides where pull requests go; `pages` is the folder for those of the local forge.
    pub fn choose(
        repo: &Repo,
        config: &Config,
        base: &Base,
        goal: Goal,
        pages: PathBuf,
    ) -> Result<Self, DeliveryError> {
        if goal == Goal::Commits {
            return Ok(Self::Nothing);
        }
        let remote = Remote::find(repo, config)?;
        let draft = config.publish.draft.unwrap_or(false);
        let push = config.publish.push.unwrap_or_default();
        if let Some((remote, github, token)) = github(config, push, remote.as_ref())? {
            let branch = base
                .branch
                .clone()
                .ok_or_else(|| DeliveryError::BaseIsNoBranch {
                    base: base.name.clone(),
                    remote: remote.clone(),
                })?;
            if !repo.remote_has_branch(&remote, &branch)? {
                return Err(DeliveryError::BaseNotOnRemote { remote, branch });
            }
            return Ok(Self::PullRequest {
                forge: Arc::new(GitHubForge::new(github, token, Pace::default())?),
                remote: Some(remote),
                base_branch: branch,
                draft,
            });
        }
        let remote = match (push, remote) {
            (PushChoice::Never, _) | (PushChoice::Auto, None) => None,
            (PushChoice::Always, None) => return Err(DeliveryError::NothingToPushTo),
            (PushChoice::Always, Some(remote)) => Some(remote.name),
            (PushChoice::Auto, Some(remote)) => remote.is_local().then_some(remote.name),
        };
        Ok(Self::PullRequest {
            forge: Arc::new(LocalForge::new(pages)),
            remote,
            base_branch: base.branch.clone().unwrap_or_else(|| base.name.clone()),
            draft,
        })
    }

    /// Where it goes, in a line for people.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Nothing => "commits on branches here, nothing published (dry run)".to_owned(),
            Self::PullRequest { forge, remote, .. } => {
                let pushed = match remote {
                    Some(remote) => format!("branches pushed to {remote}"),
                    None => "branches not pushed".to_owned(),
                };
                match forge.name() {
                    "local" => format!("pages in this repository, {pushed}"),
                    _ => format!("pull requests on {}, {pushed}", forge.place()),
                }
            }
        }
    }
}

/// A remote with the address that pushes to it go to.
struct Remote {
    name: String,
    url: String,
}

impl Remote {
    fn find(repo: &Repo, config: &Config) -> Result<Option<Self>, GitError> {
        let Some(name) = repo.remote(config.publish.remote.as_deref())? else {
            return Ok(None);
        };
        let url = repo.push_url(&name)?;
        Ok(Some(Self { name, url }))
    }

    /// Whether it is a folder on this machine: pushing there tells nobody anything.
    fn is_local(&self) -> bool {
        self.url.starts_with("file://")
            || Path::new(&self.url).is_absolute()
            || self.url.starts_with("./")
            || self.url.starts_with("../")
    }
}

/// The repository on GitHub and the token for it, when pull requests are to be opened there.
fn github(
    config: &Config,
    push: PushChoice,
    remote: Option<&Remote>,
) -> Result<Option<(String, GitHubRepo, Token)>, DeliveryError> {
    let choice = config.publish.forge.unwrap_or_default();
    match (choice, push) {
        (ForgeChoice::Local, _) | (ForgeChoice::Auto, PushChoice::Never) => return Ok(None),
        (ForgeChoice::GitHub, PushChoice::Never) => return Err(DeliveryError::UnpushedOnGitHub),
        _ => {}
    }
    let wanted = choice == ForgeChoice::GitHub;
    let Some(remote) = remote else {
        return if wanted {
            Err(DeliveryError::NoRemote)
        } else {
            Ok(None)
        };
    };
    let Some(github) = GitHubRepo::parse(&remote.url, config.github.api_url.as_deref()) else {
        return if wanted {
            Err(DeliveryError::NotGitHub {
                remote: remote.name.clone(),
            })
        } else {
            Ok(None)
        };
    };
    match find_token(&github.host) {
        Some(token) => Ok(Some((remote.name.clone(), github, token))),
        None if wanted => Err(DeliveryError::NoToken { host: github.host }),
        None => Ok(None),
    }
}

/// The token that GitHub's own client would use.
#[must_use]
pub fn find_token(host: &str) -> Option<Token> {
    Token::find(
        host,
        |name| std::env::var(name).ok(),
        |args| {
            let out = Capture::new("gh")
                .args(args)
                .limit(std::time::Duration::from_secs(20))
                .run()
                .ok()?;
            let token = String::from_utf8(out.stdout).ok()?;
            out.status.success().then_some(token)
        },
    )
}
