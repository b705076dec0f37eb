//! What is done on GitHub with a pull request that is open.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::answer::Doing;
use super::pull::Pull;
use super::wire::{Failure, Said, Sent};
use super::{GitHubForge, Session};
use crate::config::MergeMethod;
use crate::forge::act::note_mark;
use crate::forge::pace::Attempts;
use crate::forge::{Act, Forge, ForgeError, PullRequestRef, Waits};

/// REST takes no word of drafts: it answers that all is well and does nothing.
const READY: &str = "mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } } }";

const AUTO_MERGE: &str = "mutation($id: ID!, $method: PullRequestMergeMethod!) { enablePullRequestAutoMerge(input: {pullRequestId: $id, mergeMethod: $method}) { pullRequest { number } } }";

impl GitHubForge {
    pub(super) async fn act_on(
        &self,
        which: &PullRequestRef,
        act: &Act,
        waits: &Waits,
    ) -> Result<(), ForgeError> {
        let session = self.session(waits).await?;
        let number = which.number;
        let pull = format!("/pulls/{number}");
        match act {
            Act::Ready => self.make_ready(session, &pull, waits).await,
            Act::Comment(text) => {
                let mark = format!("<!-- batch comment {:016x} -->", fastrand::u64(..));
                self.comment(session, number, text, &mark, waits).await
            }
            Act::Note { key, text } => {
                let mark = note_mark(key);
                let all = format!("/issues/{number}/comments");
                if self.is_said(session, &all, &mark, waits).await? {
                    return Ok(());
                }
                self.comment(session, number, text, &mark, waits).await
            }
            Act::Label(labels) => {
                let route = format!("/issues/{number}/labels");
                let body = json!({ "labels": labels });
                let sent = Sent::Post(&route, &body);
                self.send(session, sent, "label pull requests", waits).await
            }
            Act::Close => {
                let body = json!({ "state": "closed" });
                let sent = Sent::Patch(&pull, &body);
                self.send(session, sent, "close pull requests", waits).await
            }
            Act::Retarget(base) => {
                let body = json!({ "base": base });
                let sent = Sent::Patch(&pull, &body);
                self.send(session, sent, "change pull requests", waits)
                    .await
            }
            Act::Merge { method, commit } => {
                self.merge(session, &pull, *method, commit.as_deref(), waits)
                    .await
            }
        }
    }

    async fn send(
        &self,
        session: &Session,
        sent: Sent<'_>,
        doing: &'static str,
        waits: &Waits,
    ) -> Result<(), ForgeError> {
        let doing = Doing::Changing(doing);
        self.change::<IgnoredAny>(session, sent, doing, waits)
            .await
            .map(drop)
    }

    async fn merge(
        &self,
        session: &Session,
        pull: &str,
        method: MergeMethod,
        commit: Option<&str>,
        waits: &Waits,
    ) -> Result<(), ForgeError> {
        #[derive(Deserialize)]
        struct Merged {
            merged: bool,
        }
        let mut body = json!({ "merge_method": method.words() });
        if let Some(commit) = commit {
            body["sha"] = json!(commit);
        }
        let route = format!("{pull}/merge");
        let sent = Sent::Put(&route, &body);
        let merged = self.send(session, sent, "merge pull requests", waits).await;
        let Err(error) = merged else { return Ok(()) };
        // The answer to an earlier attempt may have been lost; this one then says that there is nothing to merge.
        let after: Merged = self.read(session, pull, waits).await?;
        if after.merged { Ok(()) } else { Err(error) }
    }

    /// No comment is made twice: after a failure it is looked for by a mark that only it has.
    async fn comment(
        &self,
        session: &Session,
        number: u64,
        text: &str,
        mark: &str,
        waits: &Waits,
    ) -> Result<(), ForgeError> {
        let body = json!({ "body": format!("{text}\n\n{mark}") });
        let place = self.place();
        let asked = self.asked(&place, Doing::Changing("comment on pull requests"));
        let below = format!("/issues/{number}/comments");
        let route = format!("/repos/{}{below}", session.full_name);
        let recent = format!("{below}?since={}", an_hour_ago());
        let wire = &self.wire;
        let mut turn = wire.turn().await;
        let mut attempts = Attempts::new(wire.pace);
        loop {
            let sent = Sent::Post(&route, &body);
            let said = wire
                .once(&session.client, &mut turn, sent, &asked, waits)
                .await;
            let trouble = match said {
                Ok(Said::Done(_) | Said::AlreadyThere) => return Ok(()),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(trouble)) => trouble,
            };
            wire.wait(&mut attempts, trouble, waits).await?;
            if self.is_said(session, &recent, mark, waits).await? {
                return Ok(());
            }
        }
    }

    /// Whether one of the comments that a route lists bears the mark.
    async fn is_said(
        &self,
        session: &Session,
        route: &str,
        mark: &str,
        waits: &Waits,
    ) -> Result<bool, ForgeError> {
        #[derive(Deserialize)]
        struct Comment {
            body: Option<String>,
        }
        let there: Vec<Comment> = self.pages(session, route, waits, |page| page).await?;
        let has_mark = |text: String| text.contains(mark);
        Ok(there.into_iter().any(|it| it.body.is_some_and(has_mark)))
    }

    async fn make_ready(
        &self,
        session: &Session,
        pull: &str,
        waits: &Waits,
    ) -> Result<(), ForgeError> {
        #[derive(Deserialize)]
        struct Node {
            node_id: String,
        }
        let found: Node = self.read(session, pull, waits).await?;
        let body = json!({ "query": READY, "variables": { "id": found.node_id } });
        let answer = self.ask(&body, "make pull requests ready", waits).await?;
        if answer["markPullRequestReadyForReview"]["pullRequest"]["isDraft"] == json!(false) {
            return Ok(());
        }
        Err(ForgeError::Refused {
            repo: self.place(),
            status: 200,
            message: "it is still a draft".to_owned(),
        })
    }

    /// Has the server merge it by itself once all that the repository wants is there.
    pub(super) async fn merge_by_itself(
        &self,
        pull: &Pull,
        method: MergeMethod,
        waits: &Waits,
    ) -> Result<(), ForgeError> {
        if pull.auto_merge.is_some() {
            return Ok(());
        }
        let method = method.words().to_uppercase();
        let variables = json!({ "id": pull.node_id, "method": method });
        let body = json!({ "query": AUTO_MERGE, "variables": variables });
        let doing = "have pull requests merged by themselves";
        self.ask(&body, doing, waits).await.map(drop)
    }

    /// Sends a document, and gives what came of it.
    async fn ask(
        &self,
        body: &Value,
        doing: &'static str,
        waits: &Waits,
    ) -> Result<Value, ForgeError> {
        let place = self.place();
        let asked = self.asked(&place, Doing::Changing(doing));
        let client = self.graphql().await?;
        let sent = Sent::Post("/graphql", body);
        let mut answer: Value = self.wire.change(client, sent, &asked, waits).await?;
        match answer["errors"][0]["message"].as_str() {
            None => Ok(answer["data"].take()),
            Some(message) => Err(ForgeError::Refused {
                repo: place,
                status: 200,
                message: message.to_owned(),
            }),
        }
    }
}

fn an_hour_ago() -> String {
    let ago = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1);
    ago.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
