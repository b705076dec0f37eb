//! Applies the options of an open pull request: labels, reviewers, assignees, milestone, auto-merge. Each is set by
//! itself and only where it is missing; a failure becomes a note, and the pull request stays open.

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Operation;
use super::api::Api;
use super::client::Request;
use super::pull::{Milestone, Pull, User};
use crate::config::MergeMethod;
use crate::forge::error::ForgeError;
use crate::forge::pull_request_options::{PullRequestOptions, Reviewer};

const AUTO_MERGE: &str = "mutation($id: ID!, $method: PullRequestMergeMethod!) { \
     enablePullRequestAutoMerge(input: {pullRequestId: $id, mergeMethod: $method}) { pullRequest { number } } }";

const LABELLING: Operation<'_> = Operation::Named("label pull requests");
const ASSIGNING: Operation<'_> = Operation::Named("assign pull requests");
const MILESTONE: Operation<'_> = Operation::Named("set milestones");
const REVIEWING: Operation<'_> = Operation::Named("request reviews");

impl Api<'_> {
    pub(super) async fn apply_options(
        &self,
        pull: &Pull,
        options: &PullRequestOptions,
        notes: &mut Vec<String>,
    ) {
        let mut note = |what: &str, failed: Result<(), ForgeError>| {
            if let Err(error) = failed {
                notes.push(format!("{what}: {error}"));
            }
        };
        let labelled = self.label(pull, &options.labels).await;
        note("labels are missing", labelled);
        let set = match &options.milestone {
            Some(wanted) => self.set_milestone(pull, wanted).await,
            None => Ok(()),
        };
        note("the milestone is missing", set);
        match self.assign(pull, &options.assignees).await {
            Ok(ignored) if ignored.is_empty() => {}
            Ok(ignored) => notes.push(format!(
                "not assigned to {}, who may not be in {}",
                ignored.join(", "),
                self.rest.full_name
            )),
            failed => note("assignees are missing", failed.map(drop)),
        }
        self.request_reviews(pull, &options.reviewers, notes).await;
        if let Some(method) = options.auto_merge
            && let Err(error) = self.auto_merge(pull, method).await
        {
            notes.push(format!("auto-merge is not enabled: {error}"));
        }
    }

    /// Has the server merge the pull request as soon as the repository's rules allow it.
    async fn auto_merge(&self, pull: &Pull, method: MergeMethod) -> Result<(), ForgeError> {
        if pull.auto_merge.is_some() {
            return Ok(());
        }
        let method = method.name().to_uppercase();
        let variables = json!({ "id": pull.node_id, "method": method });
        let document = json!({ "query": AUTO_MERGE, "variables": variables });
        let operation = Operation::Named("enable auto-merge");
        self.graphql(&document, operation).await.map(drop)
    }

    async fn label(&self, pull: &Pull, wanted: &[String]) -> Result<(), ForgeError> {
        let has = |name: &String| {
            let same = |label: &super::pull::Label| label.name.eq_ignore_ascii_case(name);
            pull.labels.iter().any(same)
        };
        let missing: Vec<&String> = wanted.iter().filter(|name| !has(name)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let route = format!("/issues/{}/labels", pull.number);
        let body = json!({ "labels": missing });
        self.send(Request::post(&route, &body), LABELLING).await
    }

    async fn set_milestone(&self, pull: &Pull, wanted: &str) -> Result<(), ForgeError> {
        let is_it = |milestone: &Milestone| {
            milestone.title == wanted || milestone.number.to_string() == wanted
        };
        if pull.milestone.as_ref().is_some_and(is_it) {
            return Ok(());
        }
        let open: Vec<Milestone> = self.pages("/milestones?state=open", |page| page).await?;
        let Some(milestone) = open.into_iter().find(is_it) else {
            return Err(ForgeError::NoMilestone {
                repo: self.rest.full_name.clone(),
                wanted: wanted.to_owned(),
            });
        };
        let route = format!("/issues/{}", pull.number);
        let body = json!({ "milestone": milestone.number });
        self.send(Request::patch(&route, &body), MILESTONE).await
    }

    /// Returns the assignees that the server silently ignored.
    async fn assign(&self, pull: &Pull, wanted: &[String]) -> Result<Vec<String>, ForgeError> {
        #[derive(Deserialize)]
        struct Issue {
            #[serde(default)]
            assignees: Vec<User>,
        }
        let missing = without(wanted, &pull.assignees);
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let route = format!("/issues/{}/assignees", pull.number);
        let body = json!({ "assignees": missing });
        let request = Request::post(&route, &body);
        let issue: Issue = self.change(request, ASSIGNING).await?;
        Ok(without(&missing, &issue.assignees))
    }

    async fn request_reviews(&self, pull: &Pull, wanted: &[Reviewer], notes: &mut Vec<String>) {
        let mut asked: Vec<&Reviewer> = Vec::new();
        for reviewer in wanted {
            if let Reviewer::Team {
                owner: Some(owner), ..
            } = reviewer
                && !owner.eq_ignore_ascii_case(self.rest.owner())
            {
                notes.push(format!(
                    "no review requested from {reviewer}: the team belongs to another owner"
                ));
            } else if !needs_no_request(pull, reviewer) && !asked.contains(&reviewer) {
                asked.push(reviewer);
            }
        }
        if asked.is_empty() {
            return;
        }
        let all = self.request_from(pull, &asked).await;
        match (all, &asked[..]) {
            (Ok(()), _) => {}
            // One name that is no collaborator's fails the whole request; then each reviewer gets a request of their
            // own.
            (Err(ForgeError::Refused { status: 422, .. }), [_, _, ..]) => {
                for one in asked {
                    if let Err(error) = self.request_from(pull, &[one]).await {
                        notes.push(format!("no review requested from {one}: {error}"));
                    }
                }
            }
            (Err(error), all) => {
                let names: Vec<String> = all.iter().map(ToString::to_string).collect();
                notes.push(format!(
                    "no review requested from {}: {error}",
                    names.join(", ")
                ));
            }
        }
    }

    async fn request_from(&self, pull: &Pull, reviewers: &[&Reviewer]) -> Result<(), ForgeError> {
        let (mut users, mut teams) = (Vec::new(), Vec::new());
        for reviewer in reviewers {
            match reviewer {
                Reviewer::User(login) => users.push(login.as_str()),
                Reviewer::Team { slug, .. } => teams.push(slug.as_str()),
            }
        }
        let mut body = serde_json::Map::new();
        for (field, names) in [("reviewers", users), ("team_reviewers", teams)] {
            if !names.is_empty() {
                body.insert(field.to_owned(), json!(names));
            }
        }
        let route = format!("/pulls/{}/requested_reviewers", pull.number);
        let body = Value::Object(body);
        self.send(Request::post(&route, &body), REVIEWING).await
    }
}

/// Checks whether the reviewer needs no request: a review is requested already, or the reviewer is the author.
fn needs_no_request(pull: &Pull, reviewer: &Reviewer) -> bool {
    match reviewer {
        Reviewer::User(login) => pull
            .requested_reviewers
            .iter()
            .chain(&pull.user)
            .any(|user| user.login.eq_ignore_ascii_case(login)),
        Reviewer::Team { slug, .. } => pull
            .requested_teams
            .iter()
            .any(|team| team.slug.eq_ignore_ascii_case(slug)),
    }
}

/// Returns the names that are not among the users.
fn without(names: &[String], users: &[User]) -> Vec<String> {
    let has = |name: &str| {
        users
            .iter()
            .any(|user| user.login.eq_ignore_ascii_case(name))
    };
    names.iter().filter(|name| !has(name)).cloned().collect()
}
