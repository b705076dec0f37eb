//! Where pull requests live: on GitHub, or as pages inside the repository.
//!
//! [`Forge`] is the seam, and [`ForgeSession`] the requests through it. Opening is idempotent: asked again after a
//! crash, a forge finds the pull request that is already open. This room takes texts as values and branches that are
//! already pushed; it knows nothing of runs, worktrees or git, starts no process and reads no environment.

mod action;
mod attempts;
mod change_history;
mod change_limiter;
mod commit_message;
mod error;
mod excerpt;
mod fit;
mod github;
mod local;
mod markdown;
mod metadata;
mod pace;
mod pull_request;
mod pull_request_facts;
mod pull_request_options;
mod repository_template;
mod revert;
mod review_feedback;
mod session;
mod status;
mod templates;
mod tracking_issue;
mod wait;

pub(crate) use action::{Action, MergeWhen};
pub(crate) use error::ForgeError;
pub(crate) use github::{
    GitHubForge, GitHubRepo, GitHubSession, GitHubSetup, Server, Token, remedy, serves,
};
pub(crate) use local::LocalForge;
#[cfg(debug_assertions)]
pub(crate) use pace::Budget;
pub(crate) use pace::Pace;
pub(crate) use pull_request::{PullRequest, PullRequestRef};
pub(crate) use pull_request_facts::{CheckLine, MadeLine, Need, PullRequestFacts};
pub(crate) use pull_request_options::{PullRequestOptions, Reviewer};
pub(crate) use repository_template::repository_template_path;
pub(crate) use revert::RevertFacts;
pub(crate) use review_feedback::{ChangeRequest, FailedCheck, FileComment, ReviewFeedback};
pub(crate) use session::{Forge, ForgeSession};
pub(crate) use status::{ChecksStatus, PullRequestState, PullRequestStatus, ReviewDecision};
pub(crate) use templates::{Templates, TextError, environment as template_environment};
pub(crate) use tracking_issue::{TrackedPullRequest, TrackingIssue};
pub(crate) use wait::{Wait, WaitReporter};
