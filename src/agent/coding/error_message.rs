//! Classifies an agent's error message into an [`AgentError`]: by the HTTP status where there is one, else by the words
//! that providers and agents use.

use std::time::Duration;

use jiff::{Timestamp, Zoned};
use serde_json::{Deserializer, Value};

use super::retry_time;
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
    let wait = retry_time::wait(message, &Zoned::now());
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
    let wait = retry_time::wait(line, &Zoned::now());
    Some(error(by_words(line), wait, line))
}

/// Adds the end of the account's limit to an error that does not name it. Programs that know the end, in seconds since
/// 1970, report it apart from their message.
pub(super) fn limited_until(error: AgentError, end: i64) -> AgentError {
    match (error, Timestamp::from_second(end)) {
        (
            AgentError::Transient {
                interruption: Interruption::RateLimit | Interruption::UsageLimit,
                wait: None,
                message,
            },
            Ok(end),
        ) => AgentError::Transient {
            interruption: Interruption::UsageLimit,
            wait: Some(retry_time::until(end, &Zoned::now())),
            message,
        },
        (error, _) => error,
    }
}

#[derive(Clone, Copy)]
enum Class {
    Transient(Interruption),
    Lasting(Refusal),
    ContextFull,
}

/// Providers end a limit on the rate of requests within some minutes. A longer one is a limit on the usage.
const LONG: Duration = Duration::from_mins(30);

fn error(class: Option<Class>, wait: Option<Duration>, message: &str) -> AgentError {
    let message = message.trim().to_owned();
    let class = match (class, wait) {
        // A quota that comes back is a limit: Gemini names its limits for a minute so.
        (Some(Class::Lasting(Refusal::Quota)), Some(_)) => {
            Some(Class::Transient(Interruption::RateLimit))
        }
        (class, _) => class,
    };
    let class = match (class, wait) {
        (Some(Class::Transient(Interruption::RateLimit)), Some(wait)) if wait >= LONG => {
            Some(Class::Transient(Interruption::UsageLimit))
        }
        (class, _) => class,
    };
    match class {
        Some(Class::Transient(interruption)) => AgentError::Transient {
            interruption,
            wait,
            message,
        },
        Some(Class::ContextFull) => AgentError::ContextFull { message },
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
        429 if is_usage_limit(&message.to_lowercase()) => {
            Class::Transient(Interruption::UsageLimit)
        }
        429 => Class::Transient(Interruption::RateLimit),
        500..=599 => Class::Transient(Interruption::Overload),
        _ => return None,
    })
}

/// What providers and programs say where a conversation is longer than the model's context.
const CONTEXT_FULL: [&str; 15] = [
    "prompt is too long",
    "prompt as too long",
    "prompt too long",
    "input is too long",
    "conversation is too long",
    "conversation too long",
    "context window",
    "contextwindow",
    "context_length",
    "context length",
    "context limit",
    "maximum context",
    "contextoverflow",
    "exceeds the maximum number of tokens",
    "request_too_large",
];

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

/// Checks for the words of a plan's limit for some hours, a day, a week or a month. Whether its end is named is another
/// question.
fn is_usage_limit(message: &str) -> bool {
    let any = |words: &[&str]| words.iter().any(|words| message.contains(words));
    let is_limit = any(&[
        "usage limit",
        "usage_limit",
        "session limit",
        "daily limit",
        "weekly limit",
        "monthly limit",
        "weekly rate limit",
        "weekly_rate_limit",
        "hour limit",
        "spend limit",
        "spending limit",
        "daily quota",
        "exhausted your capacity",
        "quota will reset",
        "limit will reset",
        "limits will reset",
    ]);
    // Claude Code names the model: "You've hit your Opus limit".
    let reached = ["hit your ", "reached your "];
    let mut after = reached.iter().filter_map(|words| message.split_once(words));
    is_limit
        || after.any(|(_, named)| {
            named
                .split_whitespace()
                .take(4)
                .any(|it| it.starts_with("limit"))
        })
}

fn by_words(message: &str) -> Option<Class> {
    let message = message.to_lowercase();
    let any = |words: &[&str]| words.iter().any(|words| message.contains(words));
    Some(if any(&CONTEXT_FULL) {
        Class::ContextFull
    } else if is_quota(&message) {
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
    } else if is_usage_limit(&message) {
        Class::Transient(Interruption::UsageLimit)
    } else if any(&[
        "rate limit",
        "rate_limit",
        "ratelimit",
        "too many requests",
        "status: 429",
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
        assert_eq!(
            kind(429, "exceeded your current quota, please retry in 34.07s."),
            "RateLimit"
        );
        assert_eq!(kind(429, "You exceeded your current quota"), "Quota");
        assert_eq!(kind(529, "Overloaded"), "Overload");
        assert_eq!(kind(401, "no"), "Login");
        assert_eq!(kind(404, "no"), "Model");
        for full in [
            "Prompt is too long",
            "Codex ran out of room in the model's context window. Start a new thread.",
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            "litellm.ContextWindowExceededError: no",
        ] {
            let said = format!("the task is too much for the model's context: {full}");
            assert_eq!(kind(400, full), said);
        }
        assert_eq!(kind(400, "Your credit balance is too low"), "Quota");
    }

    #[test]
    fn a_usage_limit_is_known_whether_its_end_is_named_or_not() {
        for (message, is_named) in [
            ("You've hit your session limit · resets 3:30pm (UTC)", true),
            ("You've hit your limit · resets 10pm (UTC)", true),
            (
                "You've hit your Opus limit · resets Dec 24 at 3pm (UTC)",
                true,
            ),
            ("Claude AI usage limit reached|1735056000", true),
            ("5-hour limit reached ∙ resets 15:00", true),
            ("You've hit your usage limit. Try again later.", false),
            ("You have exhausted your daily quota on this model.", false),
            (
                "You've exhausted your capacity. Your quota will reset after 3h2m.",
                true,
            ),
            (
                "You've hit a rate limit. Please try again in 51 hours.",
                true,
            ),
            ("You've reached your weekly rate limit. Please wait.", false),
        ] {
            for status in [None, Some(429)] {
                match classify(status, message) {
                    AgentError::Transient {
                        interruption: Interruption::UsageLimit,
                        wait,
                        ..
                    } => assert_eq!(wait.is_some(), is_named, "{message}"),
                    error => panic!("{message}: {error:?}"),
                }
            }
        }
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
