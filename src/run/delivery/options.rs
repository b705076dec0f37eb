//! The options of a new pull request besides its text: labels, reviewers, assignees, a milestone, auto-merge.

use crate::config::{MAX_REVIEWERS, PublishConfig, ReviewersFrom};
use crate::forge::{PullRequestOptions, Reviewer};

/// Returns what the settings ask for on a pull request; `owners` own the unit's files.
#[must_use]
pub fn pull_request_options(wanted: &PublishConfig, owners: &[String]) -> PullRequestOptions {
    let named = wanted.reviewers.iter().map(|name| Reviewer::named(name));
    let teams = wanted
        .team_reviewers
        .iter()
        .map(|name| Reviewer::team(name));
    let mut reviewers: Vec<Reviewer> = named.chain(teams).collect();
    if wanted.reviewers_from == Some(ReviewersFrom::Codeowners) {
        let most = wanted.max_reviewers.unwrap_or(MAX_REVIEWERS);
        for owner in owners {
            let Some(owner) = Reviewer::of_owner(owner) else {
                continue;
            };
            if reviewers.len() < most && !reviewers.contains(&owner) {
                reviewers.push(owner);
            }
        }
    }
    PullRequestOptions {
        labels: wanted.labels.clone(),
        reviewers,
        assignees: wanted.assignees.clone(),
        milestone: wanted.milestone.clone(),
        auto_merge: wanted.auto_merge,
    }
}
