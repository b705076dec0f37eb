//! By which commits a pull request came into its base.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::GitHubForge;
use crate::forge::{Brought, ForgeError, Merged, PullRequestRef, Waits};

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

impl GitHubForge {
    pub(super) async fn merged_by(
        &self,
        which: &PullRequestRef,
        waits: &Waits,
    ) -> Result<Option<Merged>, ForgeError> {
        let session = self.session(waits).await?;
        let route = format!("/pulls/{}", which.number);
        let pull: Pull = self.read(session, &route, waits).await?;
        // Of one that is open, it is the commit of a trial.
        let Some(commit) = pull.merge_commit_sha.filter(|_| pull.merged) else {
            return Ok(None);
        };
        let mut brought = Vec::new();
        if pull.commits > 1 {
            let route = format!("{route}/commits");
            let listed: Vec<Listed> = self.pages(session, &route, waits, |page| page).await?;
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
