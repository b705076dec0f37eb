//! Requests to GitHub's API and their answers: one change at a time, waits as long as the server asks, tries again what
//! may pass.
//!
//! octocrab's own retries are left out of the build: they send a creation again that may have succeeded. What is tried
//! again here is only what does no harm twice; whoever sends anything else uses [`Wire::once`] and looks first. Knows
//! nothing of what the requests are for.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http_body_util::BodyExt;
use octocrab::Octocrab;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::answer::{Answer, Asked, Meaning};
use crate::forge::pace::{Attempts, Cause, Gate, Turn};
use crate::forge::{ForgeError, Pace, Wait, Waits, Why};

/// A whole exchange; an answer that trickles is as good as none.
const EXCHANGE: Duration = Duration::from_mins(2);

/// A way to a server, shared by all who ask it.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) host: String,
    pub(super) pace: Pace,
    gate: Gate,
    /// The server said that no request is left to us before then.
    quiet_until: Mutex<Option<Instant>>,
}

/// A request, with its route below the API's address.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sent<'a> {
    Get(&'a str),
    Post(&'a str, &'a Value),
    Patch(&'a str, &'a Value),
    Put(&'a str, &'a Value),
}

/// How a request failed.
pub(super) enum Failure {
    Final(ForgeError),
    Passing(Trouble),
}

/// A failure that may pass.
pub(super) struct Trouble {
    cause: Cause,
    told: Option<Duration>,
    message: String,
}

/// An answer other than a refusal.
pub(super) enum Said {
    Done(Answer),
    AlreadyThere,
}

impl Wire {
    pub(super) fn new(host: &str, pace: Pace, gate: Gate) -> Self {
        Self {
            host: host.to_owned(),
            pace,
            gate,
            quiet_until: Mutex::new(None),
        }
    }

    /// The right to send changes; others wait until it is dropped, also while its holder waits: going on with others
    /// while one is limited makes it worse.
    pub(super) async fn turn(&self) -> Turn<'_> {
        self.gate.turn().await
    }

    /// Sends a request that changes nothing until there is an answer worth the name.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        client: &Octocrab,
        route: &str,
        asked: &Asked<'_>,
        waits: &Waits,
    ) -> Result<T, ForgeError> {
        let mut attempts = Attempts::new(self.pace);
        loop {
            let answer = self.exchange(client, Sent::Get(route), asked, waits).await;
            let trouble = match answer.and_then(|said| parse(&said)) {
                Ok(found) => return Ok(found),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(trouble)) => trouble,
            };
            self.wait(&mut attempts, trouble, waits).await?;
        }
    }

    /// The end of a text that may be very long, at most so many bytes of it; nothing where it cannot be had. A redirect is
    /// followed, without the token where it leads elsewhere.
    pub(super) async fn end_of(
        &self,
        client: &Octocrab,
        route: &str,
        most: usize,
        waits: &Waits,
    ) -> Option<String> {
        self.keep_quiet(waits).await.ok()?;
        let whole = async {
            let response = client._get(route).await.ok()?;
            if !response.status().is_success() {
                return None;
            }
            let mut body = response.into_body();
            let mut end = Vec::new();
            while let Some(frame) = body.frame().await {
                if let Ok(data) = frame.ok()?.into_data() {
                    end.extend_from_slice(&data);
                    // Not at every piece: what is kept is moved.
                    if end.len() > 4 * most {
                        end.drain(..end.len() - most);
                    }
                }
            }
            end.drain(..end.len().saturating_sub(most));
            Some(String::from_utf8_lossy(&end).into_owned())
        };
        tokio::time::timeout(EXCHANGE, whole).await.ok()?
    }

    /// Sends a change that does no harm when it comes twice, until it is answered.
    pub(super) async fn change<T: DeserializeOwned>(
        &self,
        client: &Octocrab,
        sent: Sent<'_>,
        asked: &Asked<'_>,
        waits: &Waits,
    ) -> Result<T, ForgeError> {
        let mut attempts = Attempts::new(self.pace);
        let mut turn = self.turn().await;
        loop {
            let answer = self.once(client, &mut turn, sent, asked, waits).await;
            let trouble = match answer.and_then(|said| parse(&said)) {
                Ok(done) => return Ok(done),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(trouble)) => trouble,
            };
            self.wait(&mut attempts, trouble, waits).await?;
        }
    }

    /// Sends a change once, when its time has come.
    pub(super) async fn once(
        &self,
        client: &Octocrab,
        turn: &mut Turn<'_>,
        sent: Sent<'_>,
        asked: &Asked<'_>,
        waits: &Waits,
    ) -> Result<Said, Failure> {
        if let Some(wait) = turn.over_budget(&self.pace) {
            let why = "it takes no more changes in so short a time".to_owned();
            self.tell(waits, wait, Why::Asked(why));
        }
        turn.ready(&self.pace).await;
        let answer = self.exchange(client, sent, asked, waits).await;
        turn.done();
        answer
    }

    /// Waits for the whole answer. What goes wrong on the way leaves open what the server did.
    async fn exchange(
        &self,
        client: &Octocrab,
        sent: Sent<'_>,
        asked: &Asked<'_>,
        waits: &Waits,
    ) -> Result<Said, Failure> {
        self.keep_quiet(waits).await?;
        let whole = async {
            let response = match sent {
                Sent::Get(route) => client._get(route).await?,
                Sent::Post(route, body) => client._post(route, Some(body)).await?,
                Sent::Patch(route, body) => client._patch(route, Some(body)).await?,
                Sent::Put(route, body) => client._put(route, Some(body)).await?,
            };
            let header = |name: &str| {
                let value = response.headers().get(name)?.to_str().ok()?;
                Some(value.trim().to_owned())
            };
            let number = |name: &str| header(name)?.parse().ok();
            let mut answer = Answer {
                status: response.status().as_u16(),
                text: String::new(),
                retry_after: number("retry-after"),
                remaining: number("x-ratelimit-remaining"),
                reset: number("x-ratelimit-reset"),
                permissions: header("x-accepted-github-permissions"),
                single_sign_on: header("x-github-sso"),
            };
            answer.text = client.body_to_string(response).await?;
            Ok::<_, octocrab::Error>(answer)
        };
        let answer = match tokio::time::timeout(EXCHANGE, whole).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(unclear(chain(&error))),
            Err(_) => return Err(unclear("no whole answer in time".to_owned())),
        };
        if let Some(rest) = answer.until_reset(now()) {
            *self.quiet_until.lock().await = Some(Instant::now() + rest);
        }
        match answer.meaning(asked, now()) {
            Meaning::Fine => Ok(Said::Done(answer)),
            Meaning::AlreadyThere => Ok(Said::AlreadyThere),
            Meaning::Refused(error) => Err(Failure::Final(error)),
            Meaning::Limited { told, message } => Err(Failure::Passing(Trouble {
                cause: Cause::Limit,
                told,
                message,
            })),
            Meaning::Unclear { told, message } => Err(Failure::Passing(Trouble {
                cause: Cause::Unclear,
                told,
                message,
            })),
        }
    }

    /// Asks nothing while the server has said that it would refuse.
    async fn keep_quiet(&self, waits: &Waits) -> Result<(), Failure> {
        let until = *self.quiet_until.lock().await;
        let Some(rest) = until.map(|until| until.saturating_duration_since(Instant::now())) else {
            return Ok(());
        };
        if rest > self.pace.patience {
            return Err(Failure::Final(ForgeError::Limited {
                host: self.host.clone(),
                message: "no request is left".to_owned(),
            }));
        }
        if !rest.is_zero() {
            let why = "no request is left until then".to_owned();
            self.tell(waits, rest, Why::Asked(why));
            tokio::time::sleep(rest).await;
        }
        Ok(())
    }

    /// Waits before the next attempt, or gives up.
    pub(super) async fn wait(
        &self,
        attempts: &mut Attempts,
        trouble: Trouble,
        waits: &Waits,
    ) -> Result<(), ForgeError> {
        let Trouble {
            cause,
            told,
            message,
        } = trouble;
        let host = self.host.clone();
        let Ok(wait) = attempts.failed(cause, told) else {
            return Err(match cause {
                Cause::Unclear => ForgeError::Unreachable {
                    host,
                    attempts: attempts.made(),
                    message,
                },
                Cause::Limit => ForgeError::Limited { host, message },
            });
        };
        // Several processes that were refused together should not come back together.
        let wait = wait.mul_f64(1.0 + fastrand::f64() / 10.0);
        let why = match cause {
            Cause::Unclear => Why::Failed(message),
            Cause::Limit => Why::Asked(message),
        };
        self.tell(waits, wait, why);
        tokio::time::sleep(wait).await;
        Ok(())
    }

    fn tell(&self, waits: &Waits, time: Duration, why: Why) {
        tracing::debug!(?time, ?why, "waiting for {}", self.host);
        // Whoever does not listen does not want to know.
        let _ = waits.send(Wait {
            host: self.host.clone(),
            time,
            why,
        });
    }
}

pub(super) fn parse<T: DeserializeOwned>(said: &Said) -> Result<T, Failure> {
    let Said::Done(answer) = said else {
        return Err(unclear(
            "an answer that does not fit the request".to_owned(),
        ));
    };
    serde_json::from_str(&answer.text)
        .map_err(|error| unclear(format!("an answer that is not understood: {error}")))
}

fn unclear(message: String) -> Failure {
    Failure::Passing(Trouble {
        cause: Cause::Unclear,
        told: None,
        message,
    })
}

/// An error with its causes, on one line; octocrab's own texts add backtraces or leave the cause out.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut parts = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default().trim().to_owned();
        if !line.is_empty() && parts.last() != Some(&line) {
            parts.push(line);
        }
        next = error.source();
    }
    parts.join(": ")
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
