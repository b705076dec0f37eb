//! How a pull request stands on GitHub: its own state, what reviewers and checks say, how far its base has gone on.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::api::Api;
use super::pull::User;
use crate::forge::error::ForgeError;
use crate::forge::pull_request::PullRequestRef;
use crate::forge::standing::{Checks, Review, Standing, State};

/// A pull request with what is asked of its state only.
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
pub(super) struct Reviewed {
    pub(super) id: u64,
    user: Option<User>,
    state: String,
    pub(super) body: String,
    /// What its author is to the repository.
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
    fn state(&self) -> State {
        match (self.merged, self.state.as_str(), self.draft) {
            (true, ..) => State::Merged,
            (false, "open", true) => State::Draft,
            (false, "open", false) => State::Open,
            _ => State::Closed,
        }
    }
}

impl Api<'_> {
    pub(super) async fn state_of(&self, which: &PullRequestRef) -> Result<State, ForgeError> {
        let route = format!("/pulls/{}", which.number);
        let pull: Pull = self.read(&route).await?;
        Ok(pull.state())
    }

    pub(super) async fn standing_of(&self, which: &PullRequestRef) -> Result<Standing, ForgeError> {
        let route = format!("/pulls/{}", which.number);
        let pull: Pull = self.read(&route).await?;
        let mut standing = Standing {
            number: pull.number,
            url: pull.html_url.clone(),
            title: pull.title.clone(),
            state: pull.state(),
            head: pull.head.branch.clone(),
            base: pull.base.branch.clone(),
            commit: Some(pull.head.sha.clone()),
            review: Review::None,
            checks: Checks::None,
            mergeable: pull.mergeable.filter(|_| pull.state().is_open()),
            behind: None,
        };
        if standing.state.is_open() {
            let route = format!("/pulls/{}/reviews", which.number);
            let reviews: Vec<Reviewed> = self.pages(&route, |page| page).await?;
            standing.review = decision(reviews);
            standing.checks = self.checks(&pull.head.sha).await?;
            let route = format!(
                "/compare/{}...{}?per_page=1",
                escaped(&pull.base.branch),
                pull.head.sha
            );
            let compared: Result<Comparison, _> = self.read(&route).await;
            standing.behind = compared.ok().map(|compared| compared.behind_by);
        }
        Ok(standing)
    }

    async fn checks(&self, commit: &str) -> Result<Checks, ForgeError> {
        let route = format!("/commits/{commit}/check-runs");
        let runs = self.pages(&route, |page: CheckRuns| page.check_runs).await;
        let route = format!("/commits/{commit}/status");
        let statuses = self.read::<Statuses>(&route).await;
        let (runs, statuses) = (if_seen(runs)?, if_seen(statuses)?);
        Ok(together(runs.as_deref(), statuses.as_ref()))
    }
}

/// Fine-grained tokens have no permission for check runs that could be given.
pub(super) fn if_seen<T>(found: Result<T, ForgeError>) -> Result<Option<T>, ForgeError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(ForgeError::MissingPermission { .. } | ForgeError::NotVisible { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The last word of each reviewer, by login; a comment takes nothing back.
fn last_words(reviews: Vec<Reviewed>) -> BTreeMap<String, Reviewed> {
    let counts = |state: &str| matches!(state, "APPROVED" | "CHANGES_REQUESTED" | "DISMISSED");
    let counting = reviews.into_iter().filter(|it| counts(&it.state));
    counting
        .map(|review| {
            let login = review.user.as_ref().map(|user| user.login.clone());
            (login.unwrap_or_default(), review)
        })
        .collect()
}

/// The reviewers who ask for changes, with what they said last.
pub(super) fn objecting(reviews: Vec<Reviewed>) -> BTreeMap<String, Reviewed> {
    let mut last = last_words(reviews);
    last.retain(|_, review| review.state == "CHANGES_REQUESTED");
    last
}

fn decision(reviews: Vec<Reviewed>) -> Review {
    let last = last_words(reviews);
    let any = |wanted: &str| last.values().any(|review| review.state == wanted);
    if any("CHANGES_REQUESTED") {
        Review::ChangesRequested
    } else if any("APPROVED") {
        Review::Approved
    } else {
        Review::None
    }
}

/// Check runs and statuses as one; nothing of one kind where the token may not see it.
fn together(runs: Option<&[CheckRun]>, statuses: Option<&Statuses>) -> Checks {
    let mut all: Vec<Checks> = Vec::new();
    for run in runs.unwrap_or_default() {
        all.push(match (run.status.as_str(), run.conclusion.as_deref()) {
            ("completed", Some("success" | "neutral" | "skipped")) => Checks::Green,
            ("completed", _) => Checks::Red,
            _ => Checks::Running,
        });
    }
    // Without any status the state is said to be pending.
    if let Some(statuses) = statuses.filter(|statuses| statuses.total_count > 0) {
        all.push(match statuses.state.as_str() {
            "success" => Checks::Green,
            "pending" => Checks::Running,
            _ => Checks::Red,
        });
    }
    let is_blind = runs.is_none() || statuses.is_none();
    let any = |wanted| all.contains(&wanted);
    match () {
        () if any(Checks::Red) => Checks::Red,
        () if any(Checks::Running) => Checks::Running,
        () if is_blind => Checks::Unknown,
        () if all.is_empty() => Checks::None,
        () => Checks::Green,
    }
}

/// A branch's name in a path, its slashes too.
fn escaped(branch: &str) -> String {
    // In a path a plus is a plus.
    let bytes = url::form_urlencoded::byte_serialize(branch.as_bytes());
    bytes.collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_of_each_reviewer_counts() {
        let said = |words: &[(&str, &str)]| {
            let reviews: Vec<Reviewed> = words
                .iter()
                .map(|(login, state)| Reviewed {
                    user: Some(User {
                        login: (*login).to_owned(),
                    }),
                    state: (*state).to_owned(),
                    ..Reviewed::default()
                })
                .collect();
            decision(reviews)
        };
        assert_eq!(said(&[]), Review::None);
        assert_eq!(
            said(&[("a", "APPROVED"), ("a", "COMMENTED")]),
            Review::Approved
        );
        assert_eq!(
            said(&[("a", "APPROVED"), ("b", "CHANGES_REQUESTED")]),
            Review::ChangesRequested
        );
        assert_eq!(
            said(&[("a", "CHANGES_REQUESTED"), ("a", "DISMISSED")]),
            Review::None
        );
    }

    #[test]
    fn no_status_at_all_is_not_taken_for_a_running_one() {
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
        assert_eq!(together(Some(&[]), Some(&none)), Checks::None);
        assert_eq!(together(Some(&green), Some(&none)), Checks::Green);
        assert_eq!(together(Some(&red), Some(&none)), Checks::Red);
        assert_eq!(together(Some(&red[..1]), None), Checks::Running);
        assert_eq!(together(None, Some(&none)), Checks::Unknown);
    }

    #[test]
    fn a_branch_is_one_part_of_a_path() {
        assert_eq!(escaped("batch/r1/a b+c"), "batch%2Fr1%2Fa%20b%2Bc");
    }
}
