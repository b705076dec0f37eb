//! By which commits a pull request came into its base.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::api::Api;
use crate::forge::error::ForgeError;
use crate::forge::pull_request::PullRequestRef;
use crate::forge::standing::{Brought, Merged};

#[derive(Debug, Deserialize)]
struct Pull {
    #[serde(default)]
    merged: bool,
    merge_commit_sha: Option<String>,
    #[serde(default)]
    commits: u64,
}

#[derive(Debug, Deserialize)]
struct Listed {
    commit: Told,
    #[serde(default)]
    parents: Vec<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct Told {
    message: String,
    author: Option<Author>,
}

#[derive(Debug, Default, Deserialize)]
struct Author {
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    date: Option<String>,
}

impl Api<'_> {
    pub(super) async fn merged_by(
        &self,
        which: &PullRequestRef,
    ) -> Result<Option<Merged>, ForgeError> {
        let route = format!("/pulls/{}", which.number);
        let pull: Pull = self.read(&route).await?;
        // Of one that is open, it is the commit of a trial.
        let Some(commit) = pull.merge_commit_sha.filter(|_| pull.merged) else {
            return Ok(None);
        };
        let mut brought = Vec::new();
        if pull.commits > 1 {
            let route = format!("{route}/commits");
            let listed: Vec<Listed> = self.pages(&route, |page| page).await?;
            brought = listed
                .into_iter()
                .filter(|listed| listed.parents.len() == 1)
                .map(|listed| listed.commit.into())
                .collect();
        }
        Ok(Some(Merged { commit, brought }))
    }
}

impl From<Told> for Brought {
    fn from(told: Told) -> Self {
        let author = told.author.unwrap_or_default();
        let at = author.date.and_then(|date| date.parse().ok());
        Self {
            name: author.name,
            email: author.email,
            at: at.map_or(0, jiff::Timestamp::as_second),
            message: told.message,
        }
    }
}
