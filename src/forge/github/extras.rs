//! Labels, reviewers, assignees and a milestone for a pull request that is open. Each is asked for by itself, only where
//! it is missing, and what fails becomes a note: none of it undoes the pull request.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::answer::Doing;
use super::pull::{Milestone, Pull, User};
use super::wire::Sent;
use super::{GitHubForge, Session};
use crate::forge::{ForgeError, PullRequestOptions, Reviewer, Waits};

const LABELLING: Doing<'_> = Doing::Changing("label pull requests");
const ASSIGNING: Doing<'_> = Doing::Changing("assign pull requests");
const PLANNING: Doing<'_> = Doing::Changing("set milestones");
const REVIEWING: Doing<'_> = Doing::Changing("request reviews");

impl GitHubForge {
    pub(super) async fn furnish(
        &self,
        session: &Session,
        pull: &Pull,
        extras: &PullRequestOptions,
        waits: &Waits,
        notes: &mut Vec<String>,
    ) {
        let mut note = |what: &str, failed: Result<(), ForgeError>| {
            if let Err(error) = failed {
                notes.push(format!("{what}: {error}"));
            }
        };
        let labelled = self.label(session, pull, &extras.labels, waits).await;
        note("labels are missing", labelled);
        let planned = match &extras.milestone {
            Some(wanted) => self.plan_for(session, pull, wanted, waits).await,
            None => Ok(()),
        };
        note("the milestone is missing", planned);
        match self.assign(session, pull, &extras.assignees, waits).await {
            Ok(dropped) if dropped.is_empty() => {}
            Ok(dropped) => notes.push(format!(
                "not assigned to {}, who may not be in {}",
                dropped.join(", "),
                session.full_name
            )),
            failed => note("assignees are missing", failed.map(drop)),
        }
        self.request_reviews(session, pull, &extras.reviewers, waits, notes)
            .await;
        if let Some(method) = extras.auto_merge
            && let Err(error) = self.merge_by_itself(pull, method, waits).await
        {
            notes.push(format!("it will not be merged by itself: {error}"));
        }
    }

    async fn label(
        &self,
        session: &Session,
        pull: &Pull,
        wanted: &[String],
        waits: &Waits,
    ) -> Result<(), ForgeError> {
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
        let sent = Sent::Post(&route, &body);
        self.change::<IgnoredAny>(session, sent, LABELLING, waits)
            .await
            .map(drop)
    }

    async fn plan_for(
        &self,
        session: &Session,
        pull: &Pull,
        wanted: &str,
        waits: &Waits,
    ) -> Result<(), ForgeError> {
        let is_it = |milestone: &Milestone| {
            milestone.title == wanted || milestone.number.to_string() == wanted
        };
        if pull.milestone.as_ref().is_some_and(is_it) {
            return Ok(());
        }
        let open: Vec<Milestone> = self
            .pages(session, "/milestones?state=open", waits, |page| page)
            .await?;
        let Some(milestone) = open.into_iter().find(is_it) else {
            return Err(ForgeError::NoMilestone {
                repo: session.full_name.clone(),
                wanted: wanted.to_owned(),
            });
        };
        let route = format!("/issues/{}", pull.number);
        let body = json!({ "milestone": milestone.number });
        let sent = Sent::Patch(&route, &body);
        self.change::<IgnoredAny>(session, sent, PLANNING, waits)
            .await
            .map(drop)
    }

    /// Gives those whom the server passed over without a word.
    async fn assign(
        &self,
        session: &Session,
        pull: &Pull,
        wanted: &[String],
        waits: &Waits,
    ) -> Result<Vec<String>, ForgeError> {
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
        let sent = Sent::Post(&route, &body);
        let issue: Issue = self.change(session, sent, ASSIGNING, waits).await?;
        Ok(without(&missing, &issue.assignees))
    }

    async fn request_reviews(
        &self,
        session: &Session,
        pull: &Pull,
        wanted: &[Reviewer],
        waits: &Waits,
        notes: &mut Vec<String>,
    ) {
        let mut asked: Vec<&Reviewer> = Vec::new();
        for reviewer in wanted {
            if let Reviewer::Team {
                owner: Some(owner), ..
            } = reviewer
                && !owner.eq_ignore_ascii_case(session.owner())
            {
                notes.push(format!(
                    "no review asked of {reviewer}: it is another owner's team"
                ));
            } else if !is_asked(pull, reviewer) && !asked.contains(&reviewer) {
                asked.push(reviewer);
            }
        }
        if asked.is_empty() {
            return;
        }
        let all = self.request(session, pull, &asked, waits).await;
        match (all, &asked[..]) {
            (Ok(()), _) => {}
            // One name that is no collaborator's fails them all: the others are asked for by themselves.
            (Err(ForgeError::Refused { status: 422, .. }), [_, _, ..]) => {
                for one in asked {
                    if let Err(error) = self.request(session, pull, &[one], waits).await {
                        notes.push(format!("no review asked of {one}: {error}"));
                    }
                }
            }
            (Err(error), all) => {
                let names: Vec<String> = all.iter().map(ToString::to_string).collect();
                notes.push(format!("no review asked of {}: {error}", names.join(", ")));
            }
        }
    }

    async fn request(
        &self,
        session: &Session,
        pull: &Pull,
        reviewers: &[&Reviewer],
        waits: &Waits,
    ) -> Result<(), ForgeError> {
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
        let sent = Sent::Post(&route, &body);
        self.change::<IgnoredAny>(session, sent, REVIEWING, waits)
            .await
            .map(drop)
    }
}

/// Whether there is nothing to ask of the reviewer: asked already, or the author, who cannot be one.
fn is_asked(pull: &Pull, reviewer: &Reviewer) -> bool {
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

/// The names that are not among the users.
fn without(names: &[String], users: &[User]) -> Vec<String> {
    let has = |name: &str| {
        users
            .iter()
            .any(|user| user.login.eq_ignore_ascii_case(name))
    };
    names.iter().filter(|name| !has(name)).cloned().collect()
}
