//! The one issue for all pull requests of a run. Like a pull request, none is made before a look for its mark has shown
//! that it is not there.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::answer::Doing;
use super::wire::{Failure, Sent, parse};
use super::{GitHubForge, Session};
use crate::forge::pace::Attempts;
use crate::forge::text::fit_body;
use crate::forge::{Forge, ForgeError, Tracked, Tracking, Waits};

const TRACKING: Doing<'_> = Doing::Changing("open issues");

/// An issue as the server tells it.
#[derive(Debug, Deserialize)]
struct Issue {
    number: u64,
    html_url: String,
    body: Option<String>,
    /// Pull requests are issues too.
    pull_request: Option<IgnoredAny>,
}

impl GitHubForge {
    pub(super) async fn track_on(
        &self,
        tracking: &Tracking,
        waits: &Waits,
    ) -> Result<Tracked, ForgeError> {
        let session = self.session(waits).await?;
        let found = match tracking.known {
            Some(number) => {
                let route = format!("/issues/{number}");
                Some(self.read(session, &route, waits).await?)
            }
            None => self.find_tracking(session, tracking, waits).await?,
        };
        let issue = match found {
            Some(issue) => {
                self.tell_tracking(session, &issue, tracking, waits).await?;
                issue
            }
            None => self.create_tracking(session, tracking, waits).await?,
        };
        Ok(Tracked {
            number: Some(issue.number),
            url: issue.html_url,
        })
    }

    async fn find_tracking(
        &self,
        session: &Session,
        tracking: &Tracking,
        waits: &Waits,
    ) -> Result<Option<Issue>, ForgeError> {
        // Clocks differ, but not by a day.
        let since = jiff::Timestamp::from_millisecond(tracking.since)
            .unwrap_or_default()
            .saturating_sub(jiff::SignedDuration::from_hours(24))
            .unwrap_or_default();
        let since = since.strftime("%Y-%m-%dT%H:%M:%SZ");
        let route = format!("/issues?state=all&sort=created&direction=desc&since={since}");
        let listed: Vec<Issue> = self.pages(session, &route, waits, |page| page).await?;
        Ok(listed.into_iter().find(|issue| {
            let text = issue.body.as_deref().unwrap_or_default();
            issue.pull_request.is_none() && tracking.is_in(text)
        }))
    }

    async fn create_tracking(
        &self,
        session: &Session,
        tracking: &Tracking,
        waits: &Waits,
    ) -> Result<Issue, ForgeError> {
        let place = self.place();
        let asked = self.asked(&place, TRACKING);
        let route = format!("/repos/{}/issues", session.full_name);
        let body = json!({ "title": tracking.title(), "body": fit_body(&tracking.text("")) });
        let wire = &self.wire;
        let mut turn = wire.turn().await;
        let mut attempts = Attempts::new(wire.pace);
        loop {
            let sent = Sent::Post(&route, &body);
            let said = wire
                .once(&session.client, &mut turn, sent, &asked, waits)
                .await;
            let trouble = match said.and_then(|said| parse(&said)) {
                Ok(issue) => return Ok(issue),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(trouble)) => trouble,
            };
            wire.wait(&mut attempts, trouble, waits).await?;
            if let Some(found) = self.find_tracking(session, tracking, waits).await? {
                return Ok(found);
            }
        }
    }

    async fn tell_tracking(
        &self,
        session: &Session,
        issue: &Issue,
        tracking: &Tracking,
        waits: &Waits,
    ) -> Result<(), ForgeError> {
        let before = issue.body.as_deref().unwrap_or_default();
        let text = fit_body(&tracking.text(before));
        if text == before {
            return Ok(());
        }
        let route = format!("/issues/{}", issue.number);
        let body = json!({ "body": text });
        let sent = Sent::Patch(&route, &body);
        let doing = Doing::Changing("change issues");
        self.change::<IgnoredAny>(session, sent, doing, waits)
            .await
            .map(drop)
    }
}
