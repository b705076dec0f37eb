//! Sends requests to GitHub's API and takes their answers: one change at a time, waits as long as the server asks, and
//! retries what may pass.
//!
//! octocrab's own retries are left out of the build: they repeat a creation that may have succeeded. This client
//! retries only what does no harm when it arrives twice; every other change uses [`Client::once`], and its caller looks
//! first. Knows nothing of what the requests are for.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http_body_util::BodyExt;
use octocrab::Octocrab;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::answer::{Answer, ErrorContext, Meaning};
use crate::forge::attempts::{Attempts, Cause};
use crate::forge::change_history::ChangeHistory;
use crate::forge::change_limiter::{ChangeLimiter, ChangePermit};
use crate::forge::error::ForgeError;
use crate::forge::pace::Pace;
use crate::forge::wait::{Wait, WaitReason, WaitReporter};

/// The time limit of a whole exchange: an answer that trickles is as good as none.
const EXCHANGE: Duration = Duration::from_mins(2);

/// The limits of a server, shared by all clients for it.
#[derive(Debug)]
pub(super) struct Limits {
    host: String,
    pace: Pace,
    changes: ChangeLimiter,
    /// The server has said that it answers no further request before then.
    quiet_until: Mutex<Option<Instant>>,
}

/// Sends requests for a session, and reports the waits that they take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client<'a> {
    limits: &'a Limits,
    octocrab: &'a Octocrab,
    waits: &'a WaitReporter,
}

/// A request, with its route below the API's address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    method: Method,
    pub(super) route: &'a str,
    body: Option<&'a Value>,
}

#[derive(Debug, Clone, Copy)]
enum Method {
    Get,
    Post,
    Patch,
    Put,
}

/// How a request failed.
pub(super) enum Failure {
    Final(ForgeError),
    Transient(TransientFailure),
}

/// A failure that may pass.
pub(super) struct TransientFailure {
    cause: Cause,
    retry_after: Option<Duration>,
    message: String,
}

/// An answer other than a failure.
pub(super) enum Success {
    Done(Answer),
    AlreadyThere,
}

impl Limits {
    pub(super) fn new(host: &str, pace: Pace, history: Option<ChangeHistory>) -> Self {
        Self {
            host: host.to_owned(),
            pace,
            changes: ChangeLimiter::with_history(history),
            quiet_until: Mutex::new(None),
        }
    }
}

impl<'a> Request<'a> {
    pub(super) fn get(route: &'a str) -> Self {
        Self {
            method: Method::Get,
            route,
            body: None,
        }
    }

    pub(super) fn post(route: &'a str, body: &'a Value) -> Self {
        Self {
            method: Method::Post,
            route,
            body: Some(body),
        }
    }

    pub(super) fn patch(route: &'a str, body: &'a Value) -> Self {
        Self {
            method: Method::Patch,
            route,
            body: Some(body),
        }
    }

    /// Returns the same request to another route.
    pub(super) fn at(self, route: &'a str) -> Self {
        Self { route, ..self }
    }

    pub(super) fn put(route: &'a str, body: &'a Value) -> Self {
        Self {
            method: Method::Put,
            route,
            body: Some(body),
        }
    }
}

impl<'a> Client<'a> {
    pub(super) fn new(limits: &'a Limits, octocrab: &'a Octocrab, waits: &'a WaitReporter) -> Self {
        Self {
            limits,
            octocrab,
            waits,
        }
    }

    /// Waits for the permit to send changes. Other changes wait until it is dropped, also while its holder waits: to
    /// send others while one is limited makes the limit worse.
    pub(super) async fn permit(&self) -> ChangePermit<'a> {
        self.limits.changes.permit().await
    }

    pub(super) fn attempts(&self) -> Attempts {
        Attempts::new(self.limits.pace)
    }

    /// Reads something, until the answer can be understood.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        route: &str,
        context: &ErrorContext<'_>,
    ) -> Result<T, ForgeError> {
        let mut attempts = self.attempts();
        loop {
            let answer = self.exchange(Request::get(route), context).await;
            let failure = match answer.and_then(|success| parse(&success)) {
                Ok(found) => return Ok(found),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Transient(failure)) => failure,
            };
            self.wait(&mut attempts, failure).await?;
        }
    }

    /// Reads the end of a text that may be very long, at most `most` bytes of it; nothing where the text cannot be had.
    /// Follows redirects, without the token where one leads to another host.
    pub(super) async fn end_of(&self, route: &str, most: usize) -> Option<String> {
        self.keep_quiet().await.ok()?;
        let whole = async {
            let response = self.octocrab._get(route).await.ok()?;
            if !response.status().is_success() {
                return None;
            }
            let mut body = response.into_body();
            let mut end = Vec::new();
            while let Some(frame) = body.frame().await {
                if let Ok(data) = frame.ok()?.into_data() {
                    end.extend_from_slice(&data);
                    // Draining moves the bytes that are kept, so it does not happen for every frame.
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

    /// Sends a change that does no harm when it arrives twice, until it is answered.
    pub(super) async fn change<T: DeserializeOwned>(
        &self,
        request: Request<'_>,
        context: &ErrorContext<'_>,
    ) -> Result<T, ForgeError> {
        let mut attempts = self.attempts();
        let mut permit = self.permit().await;
        loop {
            let answer = self.once(&mut permit, request, context).await;
            let failure = match answer.and_then(|success| parse(&success)) {
                Ok(done) => return Ok(done),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Transient(failure)) => failure,
            };
            self.wait(&mut attempts, failure).await?;
        }
    }

    /// Sends a change once, as soon as the pace allows it.
    pub(super) async fn once(
        &self,
        permit: &mut ChangePermit<'_>,
        request: Request<'_>,
        context: &ErrorContext<'_>,
    ) -> Result<Success, Failure> {
        let pace = &self.limits.pace;
        if let Some(time) = permit.over_budget(pace) {
            let reason = "it takes no more changes in so short a time".to_owned();
            self.report(time, WaitReason::Asked(reason));
        }
        permit.ready(pace).await;
        let answer = self.exchange(request, context).await;
        permit.answered();
        answer
    }

    /// Sends a request and waits for the whole answer. A failure on the way leaves open what the server did.
    async fn exchange(
        &self,
        request: Request<'_>,
        context: &ErrorContext<'_>,
    ) -> Result<Success, Failure> {
        self.keep_quiet().await?;
        let whole = async {
            let Request {
                method,
                route,
                body,
            } = request;
            let response = match method {
                Method::Get => self.octocrab._get(route).await?,
                Method::Post => self.octocrab._post(route, body).await?,
                Method::Patch => self.octocrab._patch(route, body).await?,
                Method::Put => self.octocrab._put(route, body).await?,
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
            answer.text = self.octocrab.body_to_string(response).await?;
            Ok::<_, octocrab::Error>(answer)
        };
        let answer = match tokio::time::timeout(EXCHANGE, whole).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(unclear(chain(&error))),
            Err(_) => return Err(unclear("no whole answer in time".to_owned())),
        };
        if let Some(rest) = answer.until_reset(now()) {
            *self.limits.quiet_until.lock().await = Some(Instant::now() + rest);
        }
        let transient = |cause, retry_after, message| {
            Err(Failure::Transient(TransientFailure {
                cause,
                retry_after,
                message,
            }))
        };
        match answer.meaning(context, now()) {
            Meaning::Done => Ok(Success::Done(answer)),
            Meaning::AlreadyThere => Ok(Success::AlreadyThere),
            Meaning::Refused(error) => Err(Failure::Final(error)),
            Meaning::Limited {
                retry_after,
                message,
            } => transient(Cause::Limit, retry_after, message),
            Meaning::Unclear {
                retry_after,
                message,
            } => transient(Cause::Unclear, retry_after, message),
        }
    }

    /// Sends nothing while the server has said that it would refuse.
    async fn keep_quiet(&self) -> Result<(), Failure> {
        let until = *self.limits.quiet_until.lock().await;
        let Some(rest) = until.map(|until| until.saturating_duration_since(Instant::now())) else {
            return Ok(());
        };
        if rest > self.limits.pace.patience {
            return Err(Failure::Final(ForgeError::Limited {
                host: self.limits.host.clone(),
                message: "no request is left".to_owned(),
            }));
        }
        if !rest.is_zero() {
            let reason = "no request is left until then".to_owned();
            self.report(rest, WaitReason::Asked(reason));
            tokio::time::sleep(rest).await;
        }
        Ok(())
    }

    /// Waits before the next attempt, or gives up.
    pub(super) async fn wait(
        &self,
        attempts: &mut Attempts,
        failure: TransientFailure,
    ) -> Result<(), ForgeError> {
        let TransientFailure {
            cause,
            retry_after,
            message,
        } = failure;
        let Ok(wait) = attempts.fail(cause, retry_after) else {
            let host = self.limits.host.clone();
            return Err(match cause {
                Cause::Unclear => ForgeError::Unreachable {
                    host,
                    attempts: attempts.failed(),
                    message,
                },
                Cause::Limit => ForgeError::Limited { host, message },
            });
        };
        // Several processes that were refused together should not return together.
        let wait = wait.mul_f64(1.0 + fastrand::f64() / 10.0);
        let reason = match cause {
            Cause::Unclear => WaitReason::Failed(message),
            Cause::Limit => WaitReason::Asked(message),
        };
        self.report(wait, reason);
        tokio::time::sleep(wait).await;
        Ok(())
    }

    fn report(&self, time: Duration, reason: WaitReason) {
        self.waits.report(Wait {
            host: self.limits.host.clone(),
            time,
            reason,
        });
    }
}

pub(super) fn parse<T: DeserializeOwned>(success: &Success) -> Result<T, Failure> {
    let Success::Done(answer) = success else {
        return Err(unclear(
            "an answer that does not fit the request".to_owned(),
        ));
    };
    serde_json::from_str(&answer.text)
        .map_err(|error| unclear(format!("an answer that is not understood: {error}")))
}

fn unclear(message: String) -> Failure {
    Failure::Transient(TransientFailure {
        cause: Cause::Unclear,
        retry_after: None,
        message,
    })
}

/// Words an error and its causes on one line; octocrab's own texts add backtraces or leave the cause out.
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
