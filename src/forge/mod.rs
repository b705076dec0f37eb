//! Where pull requests live: on GitHub, or as pages inside the repository.
//!
//! [`Forge`] is the seam, and [`ForgeSession`] the requests through it. Opening is idempotent: asked again after a
//! crash, a forge finds the pull request that is already open. This room takes texts as values and branches that are
//! already pushed; it knows nothing of runs, worktrees or git, starts no process and reads no environment.

mod act;
mod attempts;
mod change_history;
mod change_limiter;
mod complaint;
mod error;
mod extras;
mod form;
mod github;
mod inverse;
mod local;
mod mark;
mod markdown;
mod pace;
mod pull_request;
mod remote;
mod session;
mod standing;
mod story;
mod text;
mod token;
mod tracking;
mod wait;

pub use act::{Act, MergeWhen};
pub use complaint::{Complaints, FailedCheck, Objection, Remark};
pub use error::ForgeError;
pub use extras::{PullRequestOptions, Reviewer};
pub use form::place_of_form;
pub use github::{GitHubForge, GitHubSession, GitHubSetup};
pub use inverse::Inverse;
pub use local::LocalForge;
pub use pace::{Budget, Pace};
pub use pull_request::{Opened, PullRequest, PullRequestRef};
pub use remote::GitHubRepo;
pub use session::{Forge, ForgeSession};
pub use standing::{Brought, Checks, Merged, Review, Standing, State};
pub use story::{CheckLine, Need, PullRequestFacts};
pub use text::{Templates, TextError};
pub use token::Token;
pub use tracking::{Task, Tracked, Tracking};
pub use wait::{Wait, WaitReason, WaitReporter};
