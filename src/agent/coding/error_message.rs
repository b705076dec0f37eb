//! Classifies an agent's error message into an [`AgentError`]: by the HTTP status where there is one, else by the words
//! that providers and agents use.

use std::time::Duration;

use jiff::Zoned;
use serde_json::{Deserializer, Value};

use super::retry_time::wait;
use crate::agent::error::{AgentError, Refusal};
use crate::agent::event::Interruption;

/// Returns the error for a message, and the HTTP status that the provider answered with.
pub(super) fn classify(status: Option<u64>, message: &str) -> AgentError {
    // The message may be the provider's own answer, as JSON.
    let answer: Option<Value> = message.find('{').and_then(|at| {
        Deserializer::from_str(&message[at..])
            .into_iter()
            .next()?
            .ok()
    });
    let at = |pointer| answer.as_ref().and_then(|answer| answer.pointer(pointer));
    let status = status.or_else(|| at("/error/code")?.as_u64());
    let wait = wait(message, &Zoned::now());
    let own = at("/error/message").and_then(Value::as_str);
    let message = own.unwrap_or(message);
    let class = status
        .and_then(|status| by_status(status, message))
        .or_else(|| by_words(message));
    error(class, wait, message)
}

/// Returns the error that a line of a long output reports, if one does.
pub(super) fn classify_output(text: &str) -> Option<AgentError> {
    let line = text.lines().find(|line| by_words(line).is_some())?;
    Some(error(by_words(line), wait(line, &Zoned::now()), line))
}

#[derive(Clone, Copy)]
enum Class {
    Transient(Interruption),
    Lasting(Refusal),
}

fn error(class: Option<Class>, wait: Option<Duration>, message: &str) -> AgentError {
    let message = message.trim().to_owned();
    match class {
        Some(Class::Transient(interruption)) => AgentError::Transient {
            interruption,
            wait,
            message,
        },
        Some(Class::Lasting(refusal)) => AgentError::Refused { refusal, message },
        None => AgentError::Failed { message },
    }
}

fn by_status(status: u64, message: &str) -> Option<Class> {
    Some(match status {
        401 | 403 => Class::Lasting(Refusal::Login),
        402 => Class::Lasting(Refusal::Quota),
        404 => Class::Lasting(Refusal::Model),
        408 => Class::Transient(Interruption::Connection),
        429 if is_quota(&message.to_lowercase()) => Class::Lasting(Refusal::Quota),
        429 => Class::Transient(Interruption::RateLimit),
        500..=599 => Class::Transient(Interruption::Overload),
        _ => return None,
    })
}

fn is_quota(message: &str) -> bool {
    [
        "insufficient_quota",
        "quota exceeded. check your plan",
        "exceeded your current quota",
        "credit balance is too low",
        "billing",
    ]
    .iter()
    .any(|words| message.contains(words))
}

fn by_words(message: &str) -> Option<Class> {
    let message = message.to_lowercase();
    let any = |words: &[&str]| words.iter().any(|words| message.contains(words));
    Some(if is_quota(&message) {
        Class::Lasting(Refusal::Quota)
    } else if any(&[
        "invalid api key",
        "invalid_api_key",
        "incorrect api key",
        "authentication",
        "unauthorized",
        "not logged in",
        "please run /login",
        "api key not valid",
        "no api key",
        "api key must be set",
        "invalid auth method",
        "must specify the gemini_api_key",
    ]) {
        Class::Lasting(Refusal::Login)
    } else if any(&["model"])
        && any(&[
            "does not exist",
            "model not found",
            "not_found_error",
            "not supported",
            "unknown model",
            "no such model",
            "may not have access",
        ])
    {
        Class::Lasting(Refusal::Model)
    } else if any(&[
        "rate limit",
        "rate_limit",
        "ratelimit",
        "too many requests",
        "status: 429",
        "usage limit",
        "session limit",
        "weekly limit",
        "hit your limit",
        "resource_exhausted",
    ]) {
        Class::Transient(Interruption::RateLimit)
    } else if any(&[
        "overloaded",
        "service unavailable",
        "internal server error",
        "at capacity",
        "bad gateway",
        "gateway timeout",
        // Codex (0.169.0).
        "high demand",
        "last status: 5",
        // litellm, in aider (0.86.2).
        "internalservererror",
        "serviceunavailableerror",
    ]) {
        Class::Transient(Interruption::Overload)
    } else if any(&[
        "failed to get response from the ai model",
        "stream disconnected",
        "idle timeout waiting",
        "failed to parse sse",
        "litellm.timeout",
        // What Claude Code says of a stream that broke (2.1.328).
        "connection lost",
        "mid-response",
        "before a response was produced",
        "response never arrived",
        "response stalled",
        "response stream was malformed",
        "empty or malformed response",
        "stream ended before",
        "stream idle timeout",
        "stream closed",
        "connection error",
        "connectionerror",
        "connection failed",
        "connection refused",
        "connection reset",
        "connection closed",
        "econnrefused",
        "econnreset",
        "enotfound",
        "etimedout",
        "fetch failed",
        "socket hang up",
        "request timed out",
        "error sending request",
        "failed to parse json",
        "terminated",
        "incomplete json segment",
    ]) {
        Class::Transient(Interruption::Connection)
    } else {
        return None;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_decides_the_class() {
        let kind = |status, message| match classify(Some(status), message) {
            AgentError::Transient { interruption, .. } => format!("{interruption:?}"),
            AgentError::Refused { refusal, .. } => format!("{refusal:?}"),
            other => other.to_string(),
        };
        assert_eq!(kind(429, "Too many requests"), "RateLimit");
        assert_eq!(kind(429, "You exceeded your current quota"), "Quota");
        assert_eq!(kind(529, "Overloaded"), "Overload");
        assert_eq!(kind(401, "no"), "Login");
        assert_eq!(kind(404, "no"), "Model");
        assert_eq!(
            kind(400, "Prompt is too long"),
            "the agent failed: Prompt is too long"
        );
        assert_eq!(kind(400, "Your credit balance is too low"), "Quota");
    }

    #[test]
    fn what_todays_programs_say_of_failures_that_pass_is_known() {
        for message in [
            "API Error: Connection lost mid-response. The response above may be incomplete.",
            "API Error: Connection lost before a response was produced. Try again.",
            "API Error: Server error mid-response. The response above may be incomplete.",
            "API Error: The response stream was malformed. The response above may be incomplete.",
            "API Error: The response stalled before a response was produced. Try again.",
            "API Error: Part of the response never arrived. The response above may be incomplete.",
            "API returned an empty or malformed response (HTTP 200) — check for a proxy",
            "Stream ended before the response was complete",
            "stream disconnected before completion: stream closed before response.completed",
            "idle timeout waiting for SSE",
            "Connection failed: error sending request",
            "litellm.APIConnectionError: OpenAIException - Server disconnected",
            "litellm.Timeout: Request timed out",
        ] {
            let error = classify(None, message);
            let is_it = matches!(
                error,
                AgentError::Transient {
                    interruption: Interruption::Connection,
                    ..
                }
            );
            assert!(is_it, "{message}: {error:?}");
        }
        for message in [
            "exceeded retry limit, last status: 503 Service Unavailable, request id: x",
            "We’re currently experiencing high demand, which may cause temporary errors.",
            "litellm.InternalServerError: OpenAIException - no",
        ] {
            let error = classify(None, message);
            let is_it = matches!(
                error,
                AgentError::Transient {
                    interruption: Interruption::Overload,
                    ..
                }
            );
            assert!(is_it, "{message}: {error:?}");
        }
    }
}
