//! Where the work of a run goes: which forge, which remote, which branch the pull requests are for.
//!
//! Decided before the run begins, from the remote's address, the tokens at hand and the user's wishes, so that no agent
//! works for a pull request that could never be opened.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::event::Goal;
use crate::config::{Config, ForgeChoice, PushChoice, RepoName};
use crate::forge::{Forge, ForgeError, GitHubForge, GitHubRepo, LocalForge, Pace, Token};
use crate::git::{Base, GitError, Repo};
use crate::process::Capture;

/// `gh` answers from its own settings; longer than this it waits for something that will not come.
const GH_LIMIT: Duration = Duration::from_secs(10);

/// What becomes of a unit's commit.
pub enum Delivery {
    /// It stands on its branch, and that is all.
    Nothing,
    /// It becomes a pull request.
    PullRequest {
        forge: Arc<dyn Forge>,
        /// Why the forge is the repository itself, where it is.
        why_local: Option<WhyLocal>,
        /// The remote that branches are pushed to before, if any.
        remote: Option<String>,
        /// The repository with the branch that pull requests go to, where that is not the remote.
        upstream: Option<Upstream>,
        /// The branch that pull requests go to.
        base_branch: String,
        draft: bool,
    },
}

/// A repository that pull requests go to from another one: what git calls it, and where git finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    name: String,
    address: String,
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
    #[error(
        "--repo {repo} names a repository on GitHub, but pull requests are to stay in this repository: leave one of them out"
    )]
    NoRepoHere { repo: RepoName },
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
        let address = remote.as_ref().map(Remote::address).unwrap_or_default();
        let address = address.to_owned();
        let draft = config.publish.draft.unwrap_or(false);
        match place(config, remote.as_ref(), find_token)? {
            Place::GitHub {
                remote,
                repo: github,
                source,
                token,
            } => {
                let branch = base
                    .branch
                    .clone()
                    .ok_or_else(|| DeliveryError::BaseIsNoBranch {
                        base: base.name.clone(),
                        remote: remote.clone(),
                    })?;
                let upstream = source
                    .as_ref()
                    .and_then(|_| Upstream::beside(&address, &github));
                let has_base = match &upstream {
                    Some(upstream) => upstream
                        .reach(repo.clone())
                        .remote_has_branch(&upstream.name, &branch)?,
                    None => repo.remote_has_branch(&remote, &branch)?,
                };
                if !has_base {
                    let remote = upstream.map_or(remote, |it| it.name);
                    return Err(DeliveryError::BaseNotOnRemote { remote, branch });
                }
                let pace = pace(&github.host);
                Ok(Self::PullRequest {
                    forge: Arc::new(
                        GitHubForge::new(github, token, pace)?
                            .from(source)
                            .keeping(&repo.state_dir().join("pace")),
                    ),
                    why_local: None,
                    remote: Some(remote),
                    upstream,
                    base_branch: branch,
                    draft,
                })
            }
            Place::Local(why) => Ok(Self::PullRequest {
                forge: Arc::new(LocalForge::new(pages)),
                why_local: Some(why),
                remote: local_push(config.publish.push.unwrap_or_default(), remote)?,
                upstream: None,
                base_branch: base.branch.clone().unwrap_or_else(|| base.name.clone()),
                draft,
            }),
        }
    }

    /// Where pull requests go, in a few words, and the remote that branches are pushed to.
    pub(super) fn place(&self) -> (String, Option<String>) {
        match self {
            Self::Nothing => ("nowhere (dry run)".to_owned(), None),
            Self::PullRequest { forge, remote, .. } => (forge.place(), remote.clone()),
        }
    }

    /// The repository as git has to know it for this.
    #[must_use]
    pub fn reach(&self, repo: Repo) -> Repo {
        match self {
            Self::PullRequest {
                upstream: Some(upstream),
                ..
            } => upstream.reach(repo),
            _ => repo,
        }
    }

    /// Whether pull requests come from another repository than they go to: none can go to the branch of another one then.
    #[must_use]
    pub fn is_across(&self) -> bool {
        matches!(
            self,
            Self::PullRequest {
                upstream: Some(_),
                ..
            }
        )
    }

    /// Whether pull requests go where others see them.
    pub(super) fn is_on_a_server(&self) -> bool {
        matches!(
            self,
            Self::PullRequest {
                why_local: None,
                ..
            }
        )
    }

    /// Where it goes, in a line for people.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Nothing => "commits on branches here, nothing published (dry run)".to_owned(),
            Self::PullRequest {
                forge,
                remote,
                why_local,
                ..
            } => {
                let pushed = match remote {
                    Some(remote) => format!("branches pushed to {remote}"),
                    None => "branches not pushed".to_owned(),
                };
                match why_local {
                    Some(WhyLocal::Asked) => {
                        format!("pull requests as pages in this repository, {pushed}")
                    }
                    Some(why) => {
                        format!("pull requests as pages in this repository {why}; {pushed}")
                    }
                    None => format!("pull requests on {}, {pushed}", forge.place()),
                }
            }
        }
    }
}

impl Upstream {
    /// `address` leads to another repository of the same server.
    fn beside(address: &str, github: &GitHubRepo) -> Option<Self> {
        let (name, address) = (github.place(), github.address_like(address)?);
        Some(Self { name, address })
    }

    /// What git calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn reach(&self, repo: Repo) -> Repo {
        repo.with_remote(self.name.clone(), self.address.clone())
    }
}

/// The pace that the server wants. In builds for tests `BATCH_SPACING_MS` shortens the time between two changes and
/// `BATCH_BUDGET` (changes, a slash, milliseconds) sets how many it takes in which time, for servers that are part of a
/// test.
fn pace(host: &str) -> Pace {
    let pace = Pace::of(host);
    #[cfg(debug_assertions)]
    let pace = {
        let given = |name: &str| std::env::var(name).ok();
        let ms = |text: &str| text.parse().ok().map(Duration::from_millis);
        let spacing = given("BATCH_SPACING_MS").and_then(|text| ms(&text));
        let budget = given("BATCH_BUDGET").and_then(|text| {
            let (changes, per) = text.split_once('/')?;
            let (changes, per) = (changes.parse().ok()?, ms(per)?);
            Some(crate::forge::Budget { changes, per })
        });
        Pace {
            spacing: spacing.unwrap_or(pace.spacing),
            budget: budget.or(pace.budget),
            ..pace
        }
    };
    pace
}

/// The remote that branches are pushed to although no pull request needs it.
fn local_push(push: PushChoice, remote: Option<Remote>) -> Result<Option<String>, DeliveryError> {
    match (push, remote) {
        (PushChoice::Never, _) | (PushChoice::Auto, None) => Ok(None),
        (PushChoice::Always, None) => Err(DeliveryError::NothingToPushTo),
        (PushChoice::Always, Some(remote)) => Ok(Some(remote.name)),
        (PushChoice::Auto, Some(remote)) => Ok(remote.is_local().then_some(remote.name)),
    }
}

/// A remote with the addresses that pushes to it go to. They are never shown: people keep passwords in them.
pub struct Remote {
    name: String,
    urls: Vec<String>,
}

impl Remote {
    /// The remote that the settings mean, if there is one.
    pub fn find(repo: &Repo, config: &Config) -> Result<Option<Self>, GitError> {
        let Some(name) = repo.remote(config.publish.remote.as_deref())? else {
            return Ok(None);
        };
        let urls = repo.push_urls(&name)?;
        Ok(Some(Self { name, urls }))
    }

    /// The first of the addresses.
    fn address(&self) -> &str {
        self.urls.first().map_or("", String::as_str)
    }

    /// Whether it is a folder on this machine: pushing there tells nobody anything.
    fn is_local(&self) -> bool {
        self.urls.iter().all(|url| {
            ["file://", "/", "./", "../"]
                .iter()
                .any(|start| url.starts_with(start))
        })
    }
}

/// Where pull requests are opened, and why there.
pub enum Place {
    GitHub {
        remote: String,
        repo: GitHubRepo,
        /// The repository that branches are pushed to, where that is another one.
        source: Option<GitHubRepo>,
        token: Token,
    },
    Local(WhyLocal),
}

/// Why pull requests stay in the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyLocal {
    Asked,
    /// Branches are not to be pushed, and GitHub needs them.
    Unpushed,
    NoRemote,
    NotGitHub {
        remote: String,
    },
    /// The remote is on this server, but nothing lets batch in there.
    NoToken {
        host: String,
    },
}

impl fmt::Display for WhyLocal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked => write!(f, "as asked for"),
            Self::Unpushed => write!(f, "because nothing is to be pushed"),
            Self::NoRemote => write!(f, "because there is no remote"),
            Self::NotGitHub { remote } => write!(f, "because remote {remote} is not on GitHub"),
            Self::NoToken { host } => write!(
                f,
                "because there is no token for {host} (set GITHUB_TOKEN, or run `gh auth login`)"
            ),
        }
    }
}

/// Decides between GitHub and the repository itself; `find_token` looks for the token of a host.
pub fn place(
    config: &Config,
    remote: Option<&Remote>,
    find_token: impl FnOnce(&str) -> Option<Token>,
) -> Result<Place, DeliveryError> {
    let push = config.publish.push.unwrap_or_default();
    let named = config.publish.repo.as_ref();
    let wanted = match (config.publish.forge.unwrap_or_default(), push) {
        (ForgeChoice::Local, _) => {
            return match named.cloned() {
                Some(repo) => Err(DeliveryError::NoRepoHere { repo }),
                None => Ok(Place::Local(WhyLocal::Asked)),
            };
        }
        (ForgeChoice::Auto, PushChoice::Never) => return Ok(Place::Local(WhyLocal::Unpushed)),
        (ForgeChoice::GitHub, PushChoice::Never) => return Err(DeliveryError::UnpushedOnGitHub),
        // Who names a repository there means GitHub.
        (choice, _) => choice == ForgeChoice::GitHub || named.is_some(),
    };
    let Some(remote) = remote else {
        return if wanted {
            Err(DeliveryError::NoRemote)
        } else {
            Ok(Place::Local(WhyLocal::NoRemote))
        };
    };
    let name = remote.name.clone();
    let api_url = config.github.api_url.as_deref();
    let pushed_to = GitHubRepo::parse(remote.address(), api_url);
    let repo = match (&pushed_to, named) {
        (Some(pushed_to), Some(named)) => Some(pushed_to.called(named)),
        (None, Some(named)) => GitHubRepo::named(named, api_url),
        (pushed_to, None) => pushed_to.clone(),
    };
    let Some(repo) = repo else {
        return if wanted {
            Err(DeliveryError::NotGitHub { remote: name })
        } else {
            Ok(Place::Local(WhyLocal::NotGitHub { remote: name }))
        };
    };
    match find_token(&repo.host) {
        Some(token) => Ok(Place::GitHub {
            remote: name,
            source: pushed_to.filter(|it| !it.is(&repo)),
            repo,
            token,
        }),
        None if wanted => Err(DeliveryError::NoToken { host: repo.host }),
        None => Ok(Place::Local(WhyLocal::NoToken { host: repo.host })),
    }
}

/// The token that GitHub's own client would use.
#[must_use]
pub fn find_token(host: &str) -> Option<Token> {
    Token::find(
        host,
        |name| std::env::var(name).ok(),
        |args| {
            let out = Capture::new("gh").args(args).limit(GH_LIMIT).run().ok()?;
            let token = String::from_utf8(out.stdout).ok()?;
            out.status.success().then_some(token)
        },
    )
}
