//! One pull request for one head branch, however often it is asked for and whatever happens on the way.

use serde_json::json;

use super::answer::Doing;
use super::pull::Pull;
use super::wire::{Failure, Said, Sent, parse};
use super::{GitHubForge, Session};
use crate::forge::mark::Mark;
use crate::forge::pace::{Attempts, Cause};
use crate::forge::{Forge, ForgeError, Opened, PullRequest, Waits, text};

impl GitHubForge {
    pub(super) async fn open_or_find(
        &self,
        request: &PullRequest,
        waits: &Waits,
    ) -> Result<Opened, ForgeError> {
        let session = self.session(waits).await?;
        let mut notes = Vec::new();
        let (pull, existed) = match self.find(session, request, waits).await? {
            Some(found) => (found, true),
            None => self.create_or_find(session, request, waits).await?,
        };
        if existed {
            self.bring_up_to_date(session, &pull, request, waits, &mut notes)
                .await?;
        }
        self.furnish(session, &pull, &request.extras, waits, &mut notes)
            .await;
        Ok(Opened {
            number: pull.number,
            url: pull.html_url,
            existed,
            notes,
        })
    }

    /// Gives the pull request, and whether it had been there before the last request to create it.
    async fn create_or_find(
        &self,
        session: &Session,
        request: &PullRequest,
        waits: &Waits,
    ) -> Result<(Pull, bool), ForgeError> {
        let place = self.place();
        let asked = self.asked(&place, Doing::Creating(request));
        let route = format!("/repos/{}/pulls", session.full_name);
        let mut body = json!({
            "title": text::fit_title(&request.title),
            "body": text::fit_body(&request.body),
            "head": request.head,
            "base": request.base,
            "draft": request.draft,
        });
        if session.source != session.full_name {
            body["head"] = json!(session.label(&request.head));
            // One owner may have several forks of a repository.
            body["head_repo"] = json!(session.source.rsplit('/').next());
        }
        let wire = &self.wire;
        let mut turn = wire.turn().await;
        let mut attempts = Attempts::new(wire.pace);
        loop {
            let sent = Sent::Post(&route, &body);
            let said = wire
                .once(&session.client, &mut turn, sent, &asked, waits)
                .await;
            let made = match said {
                Ok(Said::AlreadyThere) => {
                    let pull = self.adopt(session, request, attempts, waits).await?;
                    return Ok((pull, true));
                }
                Ok(done) => parse::<Pull>(&done),
                Err(failure) => Err(failure),
            };
            let trouble = match made {
                Ok(pull) => return Ok((pull, false)),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(trouble)) => trouble,
            };
            wire.wait(&mut attempts, trouble, waits).await?;
            if let Some(found) = self.find(session, request, waits).await? {
                return Ok((found, true));
            }
        }
    }

    /// Finds the pull request that the server says is there; its lists may lag behind its writes.
    async fn adopt(
        &self,
        session: &Session,
        request: &PullRequest,
        mut attempts: Attempts,
        waits: &Waits,
    ) -> Result<Pull, ForgeError> {
        loop {
            if let Some(found) = self.find(session, request, waits).await? {
                return Ok(found);
            }
            let Ok(wait) = attempts.failed(Cause::Unclear, None) else {
                return Err(ForgeError::Hidden {
                    repo: self.place(),
                    head: request.head.clone(),
                    base: request.base.clone(),
                });
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// The open pull request from the head branch into the base, if there is one.
    async fn find(
        &self,
        session: &Session,
        request: &PullRequest,
        waits: &Waits,
    ) -> Result<Option<Pull>, ForgeError> {
        // A head without its owner is ignored by the server, which then lists everything.
        let head = session.label(&request.head);
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("state", "open")
            .append_pair("head", &head)
            .append_pair("base", &request.base)
            .finish();
        let route = format!("/pulls?{query}");
        // A server that does not heed the head lists all that are open.
        let listed: Vec<Pull> = self.pages(session, &route, waits, |page| page).await?;
        Ok(listed
            .into_iter()
            .find(|pull| pull.is_of(request, &session.source)))
    }

    /// Gives a pull request that was open already the present text. One that is another run's is left alone, and so is
    /// a text that no run wrote.
    async fn bring_up_to_date(
        &self,
        session: &Session,
        pull: &Pull,
        request: &PullRequest,
        waits: &Waits,
        notes: &mut Vec<String>,
    ) -> Result<(), ForgeError> {
        let body = pull.body.as_deref().unwrap_or_default();
        match Mark::read(body) {
            Some(mark) if mark.is_of(&request.run, &request.unit) => {}
            Some(mark) => {
                return Err(ForgeError::Foreign {
                    url: pull.html_url.clone(),
                    head: request.head.clone(),
                    run: mark.run,
                    unit: mark.unit,
                });
            }
            None => {
                notes.push("its text is not of this run and was left as it is".to_owned());
                return Ok(());
            }
        }
        let (title, text) = (
            text::fit_title(&request.title),
            text::fit_body(&request.body),
        );
        let same = |one: &str, other: &str| one.trim().lines().eq(other.trim().lines());
        if pull.title == title && same(body, &text) {
            return Ok(());
        }
        let route = format!("/pulls/{}", pull.number);
        let change = json!({ "title": title, "body": text });
        let doing = Doing::Changing("change the text of pull requests");
        let changed: Result<Pull, ForgeError> = self
            .change(session, Sent::Patch(&route, &change), doing, waits)
            .await;
        if let Err(error) = changed {
            notes.push(format!("its text is still the earlier one: {error}"));
        }
        Ok(())
    }
}
