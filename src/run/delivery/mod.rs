//! Decides where the work of a run goes: to which forge, to which remote, and to which base branch.
//!
//! This is decided before the run starts, from the remote's address, the tokens and the user's settings, so that no
//! agent works for a pull request that could never be opened.

pub(crate) mod base_check;
pub(crate) mod error;
mod fork;
pub(crate) mod options;
pub(crate) mod remotes;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{Config, ForgeChoice, ForkChoice, PushChoice, RepoName, Unverified};
use crate::forge::{
    Forge, ForgeError, GitHubRepo, LocalForge, Pace, Server, Token, remedy, serves,
};
use crate::git::{Base, BranchName, Repo};
use crate::process::Capture;
use crate::run::delivery::error::DeliveryError;
use crate::run::delivery::fork::Forkable;
use crate::run::delivery::remotes::{Remote, Unlisted};
use crate::run::log::run_fact::Goal;

/// `gh` answers from its own settings; a longer wait is in vain.
const GH_LIMIT: Duration = Duration::from_secs(10);

/// Where a unit's commit goes.
#[derive(Clone)]
pub enum Delivery {
    /// The commit stays on its branch.
    Nothing,
    /// The commit becomes a pull request.
    PullRequest(Destination),
}

/// Where pull requests go.
#[derive(Clone)]
pub struct Destination {
    pub(crate) forge: Arc<dyn Forge>,
    /// Why pull requests are pages in the repository, where they are.
    pub(crate) why_local: Option<WhyLocal>,
    /// The remote that branches are pushed to, if any.
    pub(crate) remote: Option<String>,
    /// The remote with the base branch, where branches are pushed to another remote.
    pub(crate) upstream: Option<String>,
    /// The remotes that are not in git's configuration.
    pub(crate) unlisted: Vec<Unlisted>,
    /// The repository whose fork is not found yet.
    pub(crate) fork: Option<Box<Forkable>>,
    /// The branch that pull requests go to.
    pub(crate) base_branch: BranchName,
    pub(crate) draft: bool,
    /// What becomes of units with a check that verified nothing.
    pub(crate) unverified: Unverified,
}

impl Delivery {
    /// Decides where pull requests go; `pages` is the folder of the local forge's pages.
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
        let unverified = config.publish.unverified.unwrap_or_default();
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
                let mut unlisted = Vec::new();
                let mut upstream = None;
                if source.is_some() {
                    let target = Unlisted::of(&github, &address)?;
                    upstream = Some(target.name.clone());
                    unlisted.push(target);
                }
                let goes_to = upstream.as_ref().unwrap_or(&remote);
                if !reaching(repo.clone(), &unlisted).remote_has_branch(goes_to, &branch)? {
                    let remote = goes_to.clone();
                    return Err(DeliveryError::BaseNotOnRemote { remote, branch });
                }
                let pushed_to = source.as_deref().unwrap_or(&github).clone();
                let forkable = Forkable {
                    pace: pace(&github.host),
                    repo: github,
                    token,
                    address,
                };
                let mut delivery = Self::PullRequest(Destination {
                    forge: forkable.forge_from(source.map(|it| *it), repo)?,
                    why_local: None,
                    remote: Some(remote),
                    upstream,
                    unlisted,
                    fork: None,
                    base_branch: branch,
                    draft,
                    unverified,
                });
                let choice = config.publish.fork.as_ref();
                match choice.unwrap_or(&ForkChoice::Never) {
                    ForkChoice::Named(name) => {
                        let fork = forkable.repo.called(name);
                        let remote = Unlisted::of(&fork, &forkable.address)?;
                        delivery.go_by(&forkable, fork, remote, repo)?;
                    }
                    ForkChoice::Always => delivery.await_fork(forkable),
                    ForkChoice::Auto if !forkable.may_push_to(pushed_to)? => {
                        delivery.await_fork(forkable);
                    }
                    ForkChoice::Auto | ForkChoice::Never => {}
                }
                Ok(delivery)
            }
            Place::Local(why) => Ok(Self::PullRequest(Destination {
                forge: Arc::new(LocalForge::new(pages)),
                why_local: Some(why),
                remote: local_push(config.publish.push.unwrap_or_default(), remote)?,
                upstream: None,
                unlisted: Vec::new(),
                fork: None,
                base_branch: base
                    .branch
                    .clone()
                    .unwrap_or_else(|| BranchName::new(&base.name)),
                draft,
                unverified,
            })),
        }
    }

    /// Plans to push branches to a fork that is not found yet.
    fn await_fork(&mut self, forkable: Forkable) {
        if let Self::PullRequest(Destination {
            remote,
            upstream,
            fork,
            ..
        }) = self
        {
            *upstream = upstream.take().or_else(|| remote.clone());
            *fork = Some(Box::new(forkable));
        }
    }

    /// Pushes branches to this fork.
    fn go_by(
        &mut self,
        forkable: &Forkable,
        fork: GitHubRepo,
        reached: Unlisted,
        repo: &Repo,
    ) -> Result<(), ForgeError> {
        if let Self::PullRequest(Destination {
            forge,
            remote,
            upstream,
            unlisted,
            ..
        }) = self
            && !fork.is(&forkable.repo)
        {
            *upstream = upstream.take().or_else(|| remote.clone());
            *remote = Some(reached.name.clone());
            unlisted.push(reached);
            *forge = forkable.forge_from(Some(fork), repo)?;
        }
        Ok(())
    }

    /// Finds or makes the fork that branches are pushed to, and returns its name; `None` where no fork is wanted.
    pub(crate) fn settle(&mut self, repo: &Repo) -> Result<Option<RepoName>, DeliveryError> {
        let awaited = match self {
            Self::PullRequest(Destination { fork, .. }) => fork.take(),
            Self::Nothing => None,
        };
        let Some(forkable) = awaited else {
            return Ok(None);
        };
        let (fork, reached) = forkable.fork(repo)?;
        let name = RepoName::new(&fork.owner, &fork.name);
        self.go_by(&forkable, fork, reached, repo)?;
        Ok(name)
    }

    /// Returns the place of pull requests in a few words, and the remote that branches are pushed to.
    pub(crate) fn place(&self) -> (String, Option<String>) {
        match self {
            Self::Nothing => ("nowhere (dry run)".to_owned(), None),
            Self::PullRequest(Destination { forge, remote, .. }) => (forge.place(), remote.clone()),
        }
    }

    /// Returns the remote that branches are pushed to, where it is known already.
    pub(crate) fn pushed_to(&self) -> Option<&str> {
        match self {
            Self::PullRequest(Destination {
                remote, fork: None, ..
            }) => remote.as_deref(),
            Self::PullRequest(_) | Self::Nothing => None,
        }
    }

    /// Checks whether pull requests go to that place and branches to that remote, and no fork is to be found.
    pub(crate) fn is_settled_at(&self, place: &str, pushed_to: Option<&str>) -> bool {
        match self {
            Self::Nothing => false,
            Self::PullRequest(Destination {
                forge,
                remote,
                fork,
                ..
            }) => fork.is_none() && forge.place() == place && remote.as_deref() == pushed_to,
        }
    }

    /// Returns the repository with the remotes that the delivery needs.
    #[must_use]
    pub fn reach(&self, repo: Repo) -> Repo {
        match self {
            Self::PullRequest(Destination { unlisted, .. }) => reaching(repo, unlisted),
            Self::Nothing => repo,
        }
    }

    /// Checks whether pull requests come from a fork. No pull request can then go to the branch of another one.
    #[must_use]
    pub fn is_across(&self) -> bool {
        matches!(
            self,
            Self::PullRequest(Destination {
                upstream: Some(_),
                ..
            })
        )
    }

    /// Checks whether pull requests go to a server.
    pub(crate) fn is_on_a_server(&self) -> bool {
        matches!(
            self,
            Self::PullRequest(Destination {
                why_local: None,
                ..
            })
        )
    }

    /// Returns where the work goes, in a line for people.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Nothing => "commits on branches here, nothing published (dry run)".to_owned(),
            Self::PullRequest(Destination {
                forge,
                remote,
                why_local,
                fork,
                ..
            }) => {
                let pushed = match (remote, fork) {
                    (_, Some(_)) => {
                        "branches pushed to your fork, which is made where there is none".to_owned()
                    }
                    (Some(remote), None) => format!("branches pushed to {remote}"),
                    (None, None) => "branches not pushed".to_owned(),
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

fn reaching(repo: Repo, remotes: &[Unlisted]) -> Repo {
    remotes.iter().fold(repo, |repo, remote| remote.reach(repo))
}

/// Returns the pace that the server wants. In builds for tests `BATCH_SPACING_MS` shortens the time between two changes
/// and `BATCH_BUDGET` (changes, a slash, milliseconds) sets how many it takes in which time, for servers that are part
/// of a test.
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

/// Returns the remote that branches are pushed to although pages do not need it.
fn local_push(push: PushChoice, remote: Option<Remote>) -> Result<Option<String>, DeliveryError> {
    match (push, remote) {
        (PushChoice::Never, _) | (PushChoice::Auto, None) => Ok(None),
        (PushChoice::Always, None) => Err(DeliveryError::NothingToPushTo),
        (PushChoice::Always, Some(remote)) => Ok(Some(remote.name)),
        (PushChoice::Auto, Some(remote)) => Ok(remote.is_local().then_some(remote.name)),
    }
}

/// Where pull requests are opened, and why there.
pub enum Place {
    GitHub {
        remote: String,
        repo: GitHubRepo,
        /// The repository that branches are pushed to, where it is another one.
        source: Option<Box<GitHubRepo>>,
        token: Token,
    },
    Local(WhyLocal),
}

/// Why pull requests stay in the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyLocal {
    Asked,
    /// The user wants no push, and GitHub needs one.
    Unpushed,
    NoRemote,
    NotGitHub {
        remote: String,
    },
    /// The remote is on this server, but there is no token for it.
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
            Self::NoToken { host } => {
                write!(f, "because there is no token for {host} ({})", remedy(host))
            }
        }
    }
}

/// Decides between GitHub and the repository itself; `find_token` looks for the token of a server.
pub fn place(
    config: &Config,
    remote: Option<&Remote>,
    find_token: impl FnOnce(Server<'_>) -> Option<Token>,
) -> Result<Place, DeliveryError> {
    let push = config.publish.push.unwrap_or_default();
    let named = config.publish.repo.as_ref();
    let fork = config.publish.fork.as_ref().unwrap_or(&ForkChoice::Never);
    let wanted = match (config.publish.forge.unwrap_or_default(), push) {
        (ForgeChoice::Local, _) => {
            return match (named.cloned(), fork) {
                (Some(repo), _) => Err(DeliveryError::NoRepoHere { repo }),
                (None, ForkChoice::Never) => Ok(Place::Local(WhyLocal::Asked)),
                (None, _) => Err(DeliveryError::NoForkHere),
            };
        }
        (ForgeChoice::Auto, PushChoice::Never) => return Ok(Place::Local(WhyLocal::Unpushed)),
        (ForgeChoice::GitHub, PushChoice::Never) => return Err(DeliveryError::UnpushedOnGitHub),
        // A user who names a repository on GitHub means GitHub.
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
        (None, Some(named)) => GitHubRepo::behind_alias(remote.address(), named, api_url),
        (pushed_to, None) => pushed_to.clone(),
    };
    let Some(repo) = repo else {
        return if wanted {
            Err(DeliveryError::NotGitHub { remote: name })
        } else {
            Ok(Place::Local(WhyLocal::NotGitHub { remote: name }))
        };
    };
    let server = Server {
        host: &repo.host,
        is_configured: api_url.is_some_and(|url| serves(url, &repo.host)),
    };
    match find_token(server) {
        Some(token) => Ok(Place::GitHub {
            remote: name,
            source: pushed_to.filter(|it| !it.is(&repo)).map(Box::new),
            repo,
            token,
        }),
        None if wanted => Err(DeliveryError::NoToken { host: repo.host }),
        None => Ok(Place::Local(WhyLocal::NoToken { host: repo.host })),
    }
}

/// Returns the token that GitHub's own client would use.
#[must_use]
pub fn find_token(server: Server<'_>) -> Option<Token> {
    Token::find(
        server,
        |name| std::env::var(name).ok(),
        |args| {
            let out = Capture::new("gh").args(args).limit(GH_LIMIT).run().ok()?;
            let token = String::from_utf8(out.stdout).ok()?;
            out.status.success().then_some(token)
        },
    )
}
