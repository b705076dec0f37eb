//! Where pull requests live: on GitHub, or as pages inside the repository.
//!
//! [`Forge`] is the seam. Opening is idempotent: asked again after a crash, a forge finds what is already open. This
//! room gets branches that are pushed already and texts as values; it knows nothing of runs, worktrees or git, starts
//! no process and reads no environment.

mod act;
mod complaint;
mod extras;
mod form;
mod github;
mod inverse;
mod ledger;
mod local;
mod mark;
mod markdown;
mod pace;
mod remote;
mod standing;
mod story;
mod text;
mod token;
mod tracking;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

pub use act::{Act, MergeWhen};
pub use complaint::{Complaints, FailedCheck, Objection, Remark};
pub use extras::{PullRequestOptions, Reviewer};
pub use form::place_of_form;
pub use github::GitHubForge;
pub use inverse::Inverse;
pub use local::LocalForge;
pub use pace::{Budget, Pace, Wait, Waits, Why};
pub use remote::GitHubRepo;
pub use standing::{Brought, Checks, Merged, Review, Standing, State};
pub use story::{CheckLine, Need, PullRequestFacts};
pub use text::{Templates, TextError};
pub use token::Token;
pub use tracking::{Task, Tracked, Tracking};

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A place where pull requests live.
pub trait Forge: Send + Sync {
    /// `github` or `local`.
    fn name(&self) -> &'static str;

    /// The place in words: `github.com/acme/shop`, `this repository`.
    fn place(&self) -> String;

    /// Opens the pull request, or finds the one that is already open for this head branch and brings it up to date.
    /// Waits that it has to make on the way are told.
    fn open<'a>(
        &'a self,
        request: &'a PullRequest,
        waits: &'a Waits,
    ) -> BoxFuture<'a, Result<Opened, ForgeError>>;

    /// Whether the pull request is merged or closed, and nothing else of how it stands.
    fn state<'a>(
        &'a self,
        which: &'a PullRequestRef,
        waits: &'a Waits,
    ) -> BoxFuture<'a, Result<State, ForgeError>>;

    /// How the pull request stands.
    fn standing<'a>(
        &'a self,
        which: &'a PullRequestRef,
        waits: &'a Waits,
    ) -> BoxFuture<'a, Result<Standing, ForgeError>>;

    /// What keeps the pull request from being accepted, as far as people and checks have said it there.
    fn complaints<'a>(
        &'a self,
        which: &'a PullRequestRef,
        waits: &'a Waits,
    ) -> BoxFuture<'a, Result<Complaints, ForgeError>>;

    /// By which commits the pull request came into its base; nothing where it did not, or where that is to be found in the
    /// repository only.
    fn merged<'a>(
        &'a self,
        which: &'a PullRequestRef,
        waits: &'a Waits,
    ) -> BoxFuture<'a, Result<Option<Merged>, ForgeError>>;

    /// Does something with the pull request. A forge that is the repository itself only notes that it was merged: who
    /// asks for it has merged the branch.
    fn act<'a>(
        &'a self,
        which: &'a PullRequestRef,
        act: &'a Act,
        waits: &'a Waits,
    ) -> BoxFuture<'a, Result<(), ForgeError>>;

    /// Brings the one issue for all pull requests of a run up to date; where there is none, it is made.
    fn track<'a>(
        &'a self,
        tracking: &'a Tracking,
        waits: &'a Waits,
    ) -> BoxFuture<'a, Result<Tracked, ForgeError>>;
}

/// One pull request of a run that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequestRef {
    pub unit: String,
    pub number: u64,
}

/// What is to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    pub run: String,
    /// The unit's id; a valid file name.
    pub unit: String,
    /// The unit's place in its plan, for forges that do not number by themselves.
    pub ordinal: u64,
    pub title: String,
    pub body: String,
    /// The branch that holds the change, already on the remote.
    pub head: String,
    /// The branch that the change is meant for.
    pub base: String,
    pub draft: bool,
    pub extras: PullRequestOptions,
}

/// A pull request that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    pub number: u64,
    /// An address on a forge, or the path of a page.
    pub url: String,
    /// It was found open, not answered by its creation.
    pub existed: bool,
    /// What could not be done for it, one sentence each.
    pub notes: Vec<String>,
}

/// Why there is no pull request.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    #[error("the API address {url:?} cannot be used: {problem}")]
    Address { url: String, problem: &'static str },
    #[error("could not set up the connection to {host}: {problem}")]
    Setup { host: String, problem: String },
    #[error(
        "{host} refused the token from {token} (401): it is wrong or has expired; make a new one, or run `gh auth login`"
    )]
    TokenRefused { host: String, token: String },
    #[error("the token from {token} may not {doing} in {repo} (403: {message}); it needs {needs}")]
    MissingPermission {
        repo: String,
        token: String,
        doing: &'static str,
        message: String,
        needs: String,
    },
    #[error(
        "the organisation of {repo} wants single sign-on for the token from {token}; authorise it at {link}"
    )]
    SingleSignOn {
        repo: String,
        token: String,
        link: String,
    },
    #[error(
        "{repo} does not exist, or the token from {token} cannot see it (404); check the remote's address and the token's repository access"
    )]
    NotVisible { repo: String, token: String },
    #[error(
        "{repo} takes no requests from this machine's address ({message}); go through an allowed network"
    )]
    AddressRefused { repo: String, message: String },
    #[error("{repo} is archived and takes no pull requests; unarchive it, or use another remote")]
    Archived { repo: String },
    #[error(
        "there are no commits between {base} and {head} in {repo}: nothing to open a pull request for"
    )]
    NothingBetween {
        repo: String,
        base: String,
        head: String,
    },
    #[error("{repo} has no branch {branch:?} for a pull request to come from; was it pushed?")]
    NoHead { repo: String, branch: String },
    #[error(
        "{repo} has no branch {branch:?} for a pull request to go to; choose a branch of the remote as the base"
    )]
    NoBase { repo: String, branch: String },
    #[error(
        "{url} comes from branch {head:?} but is unit {unit} of run {run}; it was left alone: close it, or use another branch"
    )]
    Foreign {
        url: String,
        head: String,
        run: String,
        unit: String,
    },
    #[error("{repo} has no open milestone {wanted:?}; make it there, or name another")]
    NoMilestone { repo: String, wanted: String },
    #[error("{repo} refused the request ({status}): {message}")]
    Refused {
        repo: String,
        status: u16,
        message: String,
    },
    #[error(
        "{repo} says that a pull request for {head} exists already, but lists none that is open into {base}; close the other one or use another branch"
    )]
    Hidden {
        repo: String,
        head: String,
        base: String,
    },
    #[error(
        "{host} limits how fast requests may come ({message}), for longer than is worth waiting; try again later"
    )]
    Limited { host: String, message: String },
    #[error(
        "{host} gave no usable answer (attempt {attempts}: {message}); try again when it can be reached"
    )]
    Unreachable {
        host: String,
        attempts: u32,
        message: String,
    },
    #[error("the record of the pull request of unit {unit} cannot be read: {problem} ({}); a run of an earlier batch has none", path.display())]
    NoRecord {
        unit: String,
        path: PathBuf,
        problem: String,
    },
    #[error("could not write the pull request's page {}: {source}", path.display())]
    Page {
        path: PathBuf,
        source: std::io::Error,
    },
}
