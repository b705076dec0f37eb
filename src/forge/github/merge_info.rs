//! Finds the commits by which a pull request was merged.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::api::Api;
use crate::forge::error::ForgeError;
use crate::forge::pull_request::PullRequestRef;
use crate::forge::status::{CommitInfo, MergeInfo};

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
    commit: Commit,
    #[serde(default)]
    parents: Vec<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct Commit {
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
    pub(super) async fn merge_info_of(
        &self,
        which: &PullRequestRef,
    ) -> Result<Option<MergeInfo>, ForgeError> {
        let route = format!("/pulls/{}", which.number);
        let pull: Pull = self.read(&route).await?;
        // An open pull request has the commit of a trial merge there.
        let Some(commit) = pull.merge_commit_sha.filter(|_| pull.merged) else {
            return Ok(None);
        };
        let mut commits = Vec::new();
        if pull.commits > 1 {
            let route = format!("{route}/commits");
            let listed: Vec<Listed> = self.pages(&route, |page| page).await?;
            commits = listed
                .into_iter()
                .filter(|listed| listed.parents.len() == 1)
                .map(|listed| listed.commit.into())
                .collect();
        }
        Ok(Some(MergeInfo { commit, commits }))
    }
}

impl From<Commit> for CommitInfo {
    fn from(commit: Commit) -> Self {
        let author = commit.author.unwrap_or_default();
        let at = author.date.and_then(|date| date.parse().ok());
        Self {
            name: author.name,
            email: author.email,
            at: at.map_or(0, jiff::Timestamp::as_second),
            message: commit.message,
        }
    }
}
