//! Keeps the one issue that lists all pull requests of a run. As with pull requests, a look for its mark comes before
//! its creation.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::answer::Operation;
use super::api::Api;
use super::client::{Failure, Request, parse};
use crate::forge::error::ForgeError;
use crate::forge::fit::fit_body;
use crate::forge::tracking_issue::{IssueRef, TrackingIssue};

/// The fields of an issue that are read.
#[derive(Debug, Deserialize)]
struct Issue {
    number: u64,
    html_url: String,
    body: Option<String>,
    /// Pull requests are issues too.
    pull_request: Option<IgnoredAny>,
}

impl Api<'_> {
    pub(super) async fn create_or_update(
        &self,
        tracking: &TrackingIssue,
    ) -> Result<IssueRef, ForgeError> {
        let found = match tracking.known {
            Some(number) => {
                let route = format!("/issues/{number}");
                Some(self.read(&route).await?)
            }
            None => self.find_issue(tracking).await?,
        };
        let issue = match found {
            Some(issue) => {
                self.update_issue(&issue, tracking).await?;
                issue
            }
            None => self.create_issue(tracking).await?,
        };
        Ok(IssueRef {
            number: Some(issue.number),
            url: issue.html_url,
        })
    }

    async fn find_issue(&self, tracking: &TrackingIssue) -> Result<Option<Issue>, ForgeError> {
        // Clocks differ, but not by a day.
        let since = jiff::Timestamp::from_millisecond(tracking.since)
            .unwrap_or_default()
            .saturating_sub(jiff::SignedDuration::from_hours(24))
            .unwrap_or_default();
        let since = since.strftime("%Y-%m-%dT%H:%M:%SZ");
        let route = format!("/issues?state=all&sort=created&direction=desc&since={since}");
        let listed: Vec<Issue> = self.pages(&route, |page| page).await?;
        Ok(listed.into_iter().find(|issue| {
            let text = issue.body.as_deref().unwrap_or_default();
            issue.pull_request.is_none() && tracking.is_in(text)
        }))
    }

    async fn create_issue(&self, tracking: &TrackingIssue) -> Result<Issue, ForgeError> {
        let context = self.context(Operation::Named("open issues"));
        let route = self.route("/issues");
        let body = json!({ "title": tracking.title(), "body": fit_body(&tracking.text("")) });
        let mut permit = self.client.permit().await;
        let mut attempts = self.client.attempts();
        loop {
            let request = Request::post(&route, &body);
            let answer = self.client.once(&mut permit, request, &context).await;
            let failure = match answer.and_then(|success| parse(&success)) {
                Ok(issue) => return Ok(issue),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Transient(failure)) => failure,
            };
            self.client.wait(&mut attempts, failure).await?;
            if let Some(found) = self.find_issue(tracking).await? {
                return Ok(found);
            }
        }
    }

    async fn update_issue(
        &self,
        issue: &Issue,
        tracking: &TrackingIssue,
    ) -> Result<(), ForgeError> {
        let before = issue.body.as_deref().unwrap_or_default();
        let text = fit_body(&tracking.text(before));
        if text == before {
            return Ok(());
        }
        let route = format!("/issues/{}", issue.number);
        let body = json!({ "body": text });
        let change = Operation::Named("change issues");
        self.send(Request::patch(&route, &body), change).await
    }
}
