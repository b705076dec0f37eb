//! Pull requests on GitHub, by its REST API through octocrab.
//!
//! The API has no idempotency key, so nothing is created before a look-up by head branch has shown that it does not
//! exist; after every failure that may have created the pull request, the look-up comes first again. For the same
//! reason octocrab's own retries are left out of the build. Knows nothing of git: the head branch is already on the
//! server.

mod action;
mod answer;
mod api;
mod client;
mod connection;
mod forge;
mod fork;
mod merge_info;
mod open;
mod options;
mod pull;
mod repo;
mod review_feedback;
mod status;
mod token;
mod tracking_issue;

pub(crate) use connection::GitHubSetup;
pub(crate) use forge::{GitHubForge, GitHubSession};
pub(crate) use repo::{GitHubRepo, serves};
pub(crate) use token::{Server, Token, remedy};

#[cfg(test)]
mod tests;
