//! Opens one pull request for one head branch, however often it is asked to and whatever fails on the way.

use serde_json::json;

use super::answer::Operation;
use super::api::Api;
use super::client::{Failure, Request, Success, parse};
use super::pull::Pull;
use crate::forge::attempts::{Attempts, Cause};
use crate::forge::error::ForgeError;
use crate::forge::fit::{fit_body, fit_title};
use crate::forge::metadata::Metadata;
use crate::forge::pull_request::{Opened, PullRequest};

impl Api<'_> {
    pub(super) async fn open_or_find(&self, request: &PullRequest) -> Result<Opened, ForgeError> {
        let mut notes = Vec::new();
        let (pull, existed) = match self.find(request).await? {
            Some(found) => (found, true),
            None => self.create_or_find(request).await?,
        };
        if existed {
            self.update_text(&pull, request, &mut notes).await?;
        }
        self.apply_options(&pull, &request.options, &mut notes)
            .await;
        Ok(Opened {
            number: pull.number,
            url: pull.html_url,
            existed,
            notes,
        })
    }

    /// Returns the pull request, and whether it existed before the last request to create it.
    async fn create_or_find(&self, request: &PullRequest) -> Result<(Pull, bool), ForgeError> {
        let context = self.context(Operation::OpenPullRequest(request));
        let route = self.route("/pulls");
        let mut body = json!({
            "title": fit_title(&request.title),
            "body": fit_body(&request.body),
            "head": request.head,
            "base": request.base,
            "draft": request.draft,
        });
        if self.rest.source != self.rest.full_name {
            body["head"] = json!(self.rest.label(&request.head));
            // One owner may have several forks of a repository.
            body["head_repo"] = json!(self.rest.source.rsplit('/').next());
        }
        let mut permit = self.client.permit().await;
        let mut attempts = self.client.attempts();
        loop {
            let post = Request::post(&route, &body);
            let created = match self.client.once(&mut permit, post, &context).await {
                Ok(Success::AlreadyThere) => {
                    let pull = self.find_existing(request, attempts).await?;
                    return Ok((pull, true));
                }
                Ok(done) => parse::<Pull>(&done),
                Err(failure) => Err(failure),
            };
            let failure = match created {
                Ok(pull) => return Ok((pull, false)),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Transient(failure)) => failure,
            };
            self.client.wait(&mut attempts, failure).await?;
            if let Some(found) = self.find(request).await? {
                return Ok((found, true));
            }
        }
    }

    /// Finds the pull request that exists by the server's word; its lists may lag behind its writes.
    async fn find_existing(
        &self,
        request: &PullRequest,
        mut attempts: Attempts,
    ) -> Result<Pull, ForgeError> {
        loop {
            if let Some(found) = self.find(request).await? {
                return Ok(found);
            }
            let Ok(wait) = attempts.fail(Cause::Unclear, None) else {
                return Err(ForgeError::Hidden {
                    repo: self.place.clone(),
                    head: request.head.clone(),
                    base: request.base.clone(),
                });
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// Finds the open pull request from the head branch into the base.
    async fn find(&self, request: &PullRequest) -> Result<Option<Pull>, ForgeError> {
        // The server ignores a head without its owner and then lists everything.
        let head = self.rest.label(&request.head);
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("state", "open")
            .append_pair("head", &head)
            .append_pair("base", &request.base)
            .finish();
        let route = format!("/pulls?{query}");
        // A server that ignores the head lists all that are open.
        let listed: Vec<Pull> = self.pages(&route, |page| page).await?;
        Ok(listed
            .into_iter()
            .find(|pull| pull.is_of(request, &self.rest.source)))
    }

    /// Updates the text of a pull request that was already open. A pull request of another run stays as it is, and so
    /// does a text that no run wrote.
    async fn update_text(
        &self,
        pull: &Pull,
        request: &PullRequest,
        notes: &mut Vec<String>,
    ) -> Result<(), ForgeError> {
        let body = pull.body.as_deref().unwrap_or_default();
        match Metadata::read(body) {
            Some(metadata) if metadata.is_of(&request.run, &request.unit) => {}
            Some(metadata) => {
                return Err(ForgeError::Foreign {
                    url: pull.html_url.clone(),
                    head: request.head.clone(),
                    run: metadata.run,
                    unit: metadata.unit,
                });
            }
            None => {
                notes.push("its text was not written by this run and stays as it is".to_owned());
                return Ok(());
            }
        }
        let (title, text) = (fit_title(&request.title), fit_body(&request.body));
        let same = |one: &str, other: &str| one.trim().lines().eq(other.trim().lines());
        if pull.title == title && same(body, &text) {
            return Ok(());
        }
        let route = format!("/pulls/{}", pull.number);
        let change = json!({ "title": title, "body": text });
        let operation = Operation::Named("change the text of pull requests");
        let changed: Result<Pull, ForgeError> = self
            .change(Request::patch(&route, &change), operation)
            .await;
        if let Err(error) = changed {
            notes.push(format!("its text could not be updated: {error}"));
        }
        Ok(())
    }
}
