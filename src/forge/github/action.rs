//! Acts on an open pull request: makes it ready, comments, labels, closes, merges, moves it to another base.

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Operation;
use super::api::Api;
use super::client::{Failure, Request, Success};
use crate::config::MergeMethod;
use crate::forge::action::{Action, note_mark};
use crate::forge::error::ForgeError;
use crate::forge::pull_request::PullRequestRef;

/// The REST API ignores a change of the draft state and still reports success.
const READY: &str = "mutation($id: ID!) { \
     markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } } }";

impl Api<'_> {
    pub(super) async fn act_on(
        &self,
        which: &PullRequestRef,
        action: &Action,
    ) -> Result<(), ForgeError> {
        let number = which.number;
        let pull = format!("/pulls/{number}");
        match action {
            Action::Ready => self.make_ready(&pull).await,
            Action::Comment(text) => {
                let mark = format!("<!-- batch comment {:016x} -->", fastrand::u64(..));
                self.comment(number, text, &mark).await
            }
            Action::Note { key, text } => {
                let mark = note_mark(key);
                let all = format!("/issues/{number}/comments");
                if self.has_comment(&all, &mark).await? {
                    return Ok(());
                }
                self.comment(number, text, &mark).await
            }
            Action::Label(labels) => {
                let route = format!("/issues/{number}/labels");
                let body = json!({ "labels": labels });
                let label = Operation::Named("label pull requests");
                self.send(Request::post(&route, &body), label).await
            }
            Action::Close => {
                let body = json!({ "state": "closed" });
                let close = Operation::Named("close pull requests");
                self.send(Request::patch(&pull, &body), close).await
            }
            Action::Retarget(base) => {
                let body = json!({ "base": base });
                let change = Operation::Named("change pull requests");
                self.send(Request::patch(&pull, &body), change).await
            }
            Action::Merge { method, commit } => self.merge(&pull, *method, commit.as_deref()).await,
        }
    }

    async fn merge(
        &self,
        pull: &str,
        method: MergeMethod,
        commit: Option<&str>,
    ) -> Result<(), ForgeError> {
        #[derive(Deserialize)]
        struct Merged {
            merged: bool,
        }
        let mut body = json!({ "merge_method": method.name() });
        if let Some(commit) = commit {
            body["sha"] = json!(commit);
        }
        let route = format!("{pull}/merge");
        let merge = Operation::Named("merge pull requests");
        let sent = self.send(Request::put(&route, &body), merge).await;
        let Err(error) = sent else { return Ok(()) };
        // The answer to an earlier attempt may have been lost; a further one then finds nothing to merge.
        let after: Merged = self.read(pull).await?;
        if after.merged { Ok(()) } else { Err(error) }
    }

    /// Comments exactly once: after a failure, looks for the mark that only this comment bears.
    async fn comment(&self, number: u64, text: &str, mark: &str) -> Result<(), ForgeError> {
        let body = json!({ "body": format!("{text}\n\n{mark}") });
        let context = self.context(Operation::Named("comment on pull requests"));
        let below = format!("/issues/{number}/comments");
        let route = self.route(&below);
        let recent = format!("{below}?since={}", an_hour_ago());
        let mut permit = self.client.permit().await;
        let mut attempts = self.client.attempts();
        loop {
            let request = Request::post(&route, &body);
            let failure = match self.client.once(&mut permit, request, &context).await {
                Ok(Success::Done(_) | Success::AlreadyThere) => return Ok(()),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Transient(failure)) => failure,
            };
            self.client.wait(&mut attempts, failure).await?;
            if self.has_comment(&recent, mark).await? {
                return Ok(());
            }
        }
    }

    /// Checks whether one of the comments that a route lists bears the mark.
    async fn has_comment(&self, route: &str, mark: &str) -> Result<bool, ForgeError> {
        #[derive(Deserialize)]
        struct Comment {
            body: Option<String>,
        }
        let comments: Vec<Comment> = self.pages(route, |page| page).await?;
        let has_mark = |text: String| text.contains(mark);
        let mut comments = comments.into_iter();
        Ok(comments.any(|comment| comment.body.is_some_and(has_mark)))
    }

    async fn make_ready(&self, pull: &str) -> Result<(), ForgeError> {
        #[derive(Deserialize)]
        struct Node {
            node_id: String,
        }
        let found: Node = self.read(pull).await?;
        let document: Value = json!({ "query": READY, "variables": { "id": found.node_id } });
        let ready = Operation::Named("make pull requests ready");
        let data = self.graphql(&document, ready).await?;
        if data["markPullRequestReadyForReview"]["pullRequest"]["isDraft"] == json!(false) {
            return Ok(());
        }
        Err(ForgeError::Refused {
            repo: self.place.clone(),
            status: 200,
            message: "it is still a draft".to_owned(),
        })
    }
}

fn an_hour_ago() -> String {
    let ago = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1);
    ago.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
