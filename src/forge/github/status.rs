//! Reads the status of a pull request: its state, reviews and checks, and how far its base has moved on.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::api::Api;
use super::pull::User;
use crate::forge::error::ForgeError;
use crate::forge::pull_request::PullRequestRef;
use crate::forge::status::{ChecksStatus, PullRequestState, PullRequestStatus, ReviewDecision};

/// The fields of a pull request that its status consists of.
#[derive(Debug, Deserialize)]
struct Pull {
    number: u64,
    html_url: String,
    title: String,
    state: String,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    merged: bool,
    mergeable: Option<bool>,
    head: Side,
    base: Side,
}

#[derive(Debug, Deserialize)]
struct Side {
    #[serde(rename = "ref")]
    branch: String,
    sha: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SubmittedReview {
    pub(super) id: u64,
    user: Option<User>,
    state: String,
    pub(super) body: String,
    /// The author's relation to the repository.
    pub(super) author_association: String,
}

#[derive(Debug, Deserialize)]
struct CheckRuns {
    check_runs: Vec<CheckRun>,
}

#[derive(Debug, Deserialize)]
struct CheckRun {
    status: String,
    conclusion: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Statuses {
    state: String,
    total_count: u64,
}

#[derive(Debug, Deserialize)]
struct Comparison {
    behind_by: u64,
}

impl Pull {
    fn state(&self) -> PullRequestState {
        match (self.merged, self.state.as_str(), self.draft) {
            (true, ..) => PullRequestState::Merged,
            (false, "open", true) => PullRequestState::Draft,
            (false, "open", false) => PullRequestState::Open,
            _ => PullRequestState::Closed,
        }
    }
}

impl Api<'_> {
    pub(super) async fn state_of(
        &self,
        which: &PullRequestRef,
    ) -> Result<PullRequestState, ForgeError> {
        let route = format!("/pulls/{}", which.number);
        let pull: Pull = self.read(&route).await?;
        Ok(pull.state())
    }

    pub(super) async fn status_of(
        &self,
        which: &PullRequestRef,
    ) -> Result<PullRequestStatus, ForgeError> {
        let route = format!("/pulls/{}", which.number);
        let pull: Pull = self.read(&route).await?;
        let mut status = PullRequestStatus {
            number: pull.number,
            url: pull.html_url.clone(),
            title: pull.title.clone(),
            state: pull.state(),
            head: pull.head.branch.clone(),
            base: pull.base.branch.clone(),
            commit: Some(pull.head.sha.clone()),
            review: ReviewDecision::None,
            checks: ChecksStatus::None,
            mergeable: pull.mergeable.filter(|_| pull.state().is_open()),
            behind: None,
        };
        if status.state.is_open() {
            let route = format!("/pulls/{}/reviews", which.number);
            let reviews: Vec<SubmittedReview> = self.pages(&route, |page| page).await?;
            status.review = decision(reviews);
            status.checks = self.checks(&pull.head.sha).await?;
            let route = format!(
                "/compare/{}...{}?per_page=1",
                escaped(&pull.base.branch),
                pull.head.sha
            );
            let comparison: Result<Comparison, _> = self.read(&route).await;
            status.behind = comparison.ok().map(|comparison| comparison.behind_by);
        }
        Ok(status)
    }

    async fn checks(&self, commit: &str) -> Result<ChecksStatus, ForgeError> {
        let route = format!("/commits/{commit}/check-runs");
        let runs = self.pages(&route, |page: CheckRuns| page.check_runs).await;
        let route = format!("/commits/{commit}/status");
        let statuses = self.read::<Statuses>(&route).await;
        let (runs, statuses) = (if_readable(runs)?, if_readable(statuses)?);
        Ok(combine(runs.as_deref(), statuses.as_ref()))
    }
}

/// Turns a refused read into nothing: fine-grained tokens cannot be given the permission for check runs.
pub(super) fn if_readable<T>(found: Result<T, ForgeError>) -> Result<Option<T>, ForgeError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(ForgeError::MissingPermission { .. } | ForgeError::NotVisible { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns the last decision of each reviewer, by login; a comment decides nothing.
fn last_decisions(reviews: Vec<SubmittedReview>) -> BTreeMap<String, SubmittedReview> {
    let counts = |state: &str| matches!(state, "APPROVED" | "CHANGES_REQUESTED" | "DISMISSED");
    let counting = reviews.into_iter().filter(|it| counts(&it.state));
    counting
        .map(|review| {
            let login = review.user.as_ref().map(|user| user.login.clone());
            (login.unwrap_or_default(), review)
        })
        .collect()
}

/// Returns the last reviews that request changes, by login.
pub(super) fn requesting_changes(
    reviews: Vec<SubmittedReview>,
) -> BTreeMap<String, SubmittedReview> {
    let mut last = last_decisions(reviews);
    last.retain(|_, review| review.state == "CHANGES_REQUESTED");
    last
}

fn decision(reviews: Vec<SubmittedReview>) -> ReviewDecision {
    let last = last_decisions(reviews);
    let any = |wanted: &str| last.values().any(|review| review.state == wanted);
    if any("CHANGES_REQUESTED") {
        ReviewDecision::ChangesRequested
    } else if any("APPROVED") {
        ReviewDecision::Approved
    } else {
        ReviewDecision::None
    }
}

/// Combines check runs and commit statuses; `None` stands for a kind that the token may not read.
fn combine(runs: Option<&[CheckRun]>, statuses: Option<&Statuses>) -> ChecksStatus {
    let mut all: Vec<ChecksStatus> = Vec::new();
    for run in runs.unwrap_or_default() {
        all.push(match (run.status.as_str(), run.conclusion.as_deref()) {
            ("completed", Some("success" | "neutral" | "skipped")) => ChecksStatus::Green,
            ("completed", _) => ChecksStatus::Red,
            _ => ChecksStatus::Running,
        });
    }
    // The server calls a commit without statuses pending.
    if let Some(statuses) = statuses.filter(|statuses| statuses.total_count > 0) {
        all.push(match statuses.state.as_str() {
            "success" => ChecksStatus::Green,
            "pending" => ChecksStatus::Running,
            _ => ChecksStatus::Red,
        });
    }
    let is_partial = runs.is_none() || statuses.is_none();
    let any = |wanted| all.contains(&wanted);
    match () {
        () if any(ChecksStatus::Red) => ChecksStatus::Red,
        () if any(ChecksStatus::Running) => ChecksStatus::Running,
        () if is_partial => ChecksStatus::Unknown,
        () if all.is_empty() => ChecksStatus::None,
        () => ChecksStatus::Green,
    }
}

/// Escapes a branch's name for a path, slashes included.
fn escaped(branch: &str) -> String {
    // In a path, a plus stands for itself.
    let bytes = url::form_urlencoded::byte_serialize(branch.as_bytes());
    bytes.collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_decision_of_each_reviewer_counts() {
        let decided = |words: &[(&str, &str)]| {
            let reviews: Vec<SubmittedReview> = words
                .iter()
                .map(|(login, state)| SubmittedReview {
                    user: Some(User {
                        login: (*login).to_owned(),
                    }),
                    state: (*state).to_owned(),
                    ..SubmittedReview::default()
                })
                .collect();
            decision(reviews)
        };
        assert_eq!(decided(&[]), ReviewDecision::None);
        assert_eq!(
            decided(&[("a", "APPROVED"), ("a", "COMMENTED")]),
            ReviewDecision::Approved
        );
        assert_eq!(
            decided(&[("a", "APPROVED"), ("b", "CHANGES_REQUESTED")]),
            ReviewDecision::ChangesRequested
        );
        assert_eq!(
            decided(&[("a", "CHANGES_REQUESTED"), ("a", "DISMISSED")]),
            ReviewDecision::None
        );
    }

    #[test]
    fn a_commit_without_statuses_has_no_running_checks() {
        let none = Statuses {
            state: "pending".to_owned(),
            total_count: 0,
        };
        let run = |status: &str, conclusion: Option<&str>| CheckRun {
            status: status.to_owned(),
            conclusion: conclusion.map(str::to_owned),
        };
        let green = [run("completed", Some("success"))];
        let red = [
            run("in_progress", None),
            run("completed", Some("timed_out")),
        ];
        assert_eq!(combine(Some(&[]), Some(&none)), ChecksStatus::None);
        assert_eq!(combine(Some(&green), Some(&none)), ChecksStatus::Green);
        assert_eq!(combine(Some(&red), Some(&none)), ChecksStatus::Red);
        assert_eq!(combine(Some(&red[..1]), None), ChecksStatus::Running);
        assert_eq!(combine(None, Some(&none)), ChecksStatus::Unknown);
    }

    #[test]
    fn a_branch_is_escaped_in_a_path() {
        assert_eq!(escaped("batch/r1/a b+c"), "batch%2Fr1%2Fa%20b%2Bc");
    }
}
