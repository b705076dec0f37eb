//! Pull requests on GitHub, by its REST API through octocrab.
//!
//! The API has no idempotency key, so nothing is created before a look-up by head branch has shown that it does not
//! exist; after every failure that may have created the pull request, the look-up comes first again. For the same
//! reason octocrab's own retries are left out of the build. Knows nothing of git: the head branch is already on the
//! server.

mod act;
mod answer;
mod api;
mod client;
mod complaints;
mod connection;
mod extras;
mod forge;
mod fork;
mod merged;
mod open;
mod pull;
mod standing;
mod track;

pub use connection::GitHubSetup;
pub use forge::{GitHubForge, GitHubSession};

#[cfg(test)]
mod tests;
