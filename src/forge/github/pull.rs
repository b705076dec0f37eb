//! The fields of a pull request that are read. octocrab's typed models are not used: they fail a whole answer for one
//! new value.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::forge::pull_request::PullRequest;

/// A pull request in the server's answers.
#[derive(Debug, Deserialize)]
pub(super) struct Pull {
    pub(super) number: u64,
    pub(super) html_url: String,
    #[serde(default)]
    pub(super) title: String,
    pub(super) body: Option<String>,
    pub(super) head: Side,
    pub(super) base: Side,
    pub(super) user: Option<User>,
    #[serde(default)]
    pub(super) labels: Vec<Label>,
    #[serde(default)]
    pub(super) assignees: Vec<User>,
    #[serde(default)]
    pub(super) requested_reviewers: Vec<User>,
    #[serde(default)]
    pub(super) requested_teams: Vec<Team>,
    pub(super) milestone: Option<Milestone>,
    /// Its id for GraphQL.
    #[serde(default)]
    pub(super) node_id: String,
    /// Present where auto-merge is enabled.
    pub(super) auto_merge: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Side {
    #[serde(rename = "ref")]
    pub(super) branch: String,
    /// `null` when the fork is gone.
    repo: Option<SideRepo>,
}

#[derive(Debug, Deserialize)]
struct SideRepo {
    full_name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) login: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Team {
    pub(super) slug: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Label {
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Milestone {
    pub(super) number: u64,
    pub(super) title: String,
}

impl Pull {
    /// Checks whether it is the pull request that the request means, from the repository of this name.
    pub(super) fn is_of(&self, request: &PullRequest, full_name: &str) -> bool {
        let from_here = |repo: &SideRepo| repo.full_name.eq_ignore_ascii_case(full_name);
        self.head.branch == request.head
            && self.base.branch == request.base
            && self.head.repo.as_ref().is_some_and(from_here)
    }
}
