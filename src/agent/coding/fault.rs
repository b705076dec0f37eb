//! What stands behind an agent's error message: the classes of [`AgentError`], told from the HTTP status where there is
//! one, else from the words that providers and agents use.

use std::time::Duration;

use jiff::{Timestamp, Zoned};
use regex::Regex;
use serde_json::{Deserializer, Value};

use crate::agent::{AgentError, Interruption, Refusal};

/// The error of which `said` is the message, and `status` the provider's answer.
pub(super) fn of(status: Option<u64>, said: &str) -> AgentError {
    // The message may be the provider's own answer, as JSON.
    let answer: Option<Value> = said
        .find('{')
        .and_then(|at| Deserializer::from_str(&said[at..]).into_iter().next()?.ok());
    let at = |pointer| answer.as_ref().and_then(|answer| answer.pointer(pointer));
    let status = status.or_else(|| at("/error/code")?.as_u64());
    let wait = wait(said, &Zoned::now());
    let said = at("/error/message").and_then(Value::as_str).unwrap_or(said);
    let class = status
        .and_then(|status| by_status(status, said))
        .or_else(|| by_words(said));
    error(class, wait, said)
}

/// The error that a text of many lines tells of, if it does.
pub(super) fn of_text(text: &str) -> Option<AgentError> {
    let line = text.lines().find(|line| by_words(line).is_some())?;
    Some(error(by_words(line), wait(line, &Zoned::now()), line))
}

#[derive(Clone, Copy)]
enum Class {
    Later(Interruption),
    Never(Refusal),
}

fn error(class: Option<Class>, wait: Option<Duration>, said: &str) -> AgentError {
    let said = said.trim().to_owned();
    match class {
        Some(Class::Later(pressure)) => AgentError::Transient {
            pressure,
            wait,
            said,
        },
        Some(Class::Never(refusal)) => AgentError::Refused { refusal, said },
        None => AgentError::Failed { said },
    }
}

fn by_status(status: u64, said: &str) -> Option<Class> {
    Some(match status {
        401 | 403 => Class::Never(Refusal::Login),
        402 => Class::Never(Refusal::Quota),
        404 => Class::Never(Refusal::Model),
        408 => Class::Later(Interruption::Connection),
        429 if is_spent(&said.to_lowercase()) => Class::Never(Refusal::Quota),
        429 => Class::Later(Interruption::RateLimit),
        500..=599 => Class::Later(Interruption::Overload),
        _ => return None,
    })
}

fn is_spent(said: &str) -> bool {
    [
        "insufficient_quota",
        "quota exceeded. check your plan",
        "exceeded your current quota",
        "credit balance is too low",
        "billing",
    ]
    .iter()
    .any(|words| said.contains(words))
}

fn by_words(said: &str) -> Option<Class> {
    let said = said.to_lowercase();
    let any = |words: &[&str]| words.iter().any(|words| said.contains(words));
    Some(if is_spent(&said) {
        Class::Never(Refusal::Quota)
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
        Class::Never(Refusal::Login)
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
        Class::Never(Refusal::Model)
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
        Class::Later(Interruption::RateLimit)
    } else if any(&[
        "overloaded",
        "service unavailable",
        "internal server error",
        "at capacity",
        "bad gateway",
    ]) {
        Class::Later(Interruption::Overload)
    } else if any(&[
        "failed to get response from the ai model",
        "stream disconnected",
        "stream closed",
        "connection error",
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
        Class::Later(Interruption::Connection)
    } else {
        return None;
    })
}

/// How long `said` asks to wait, from `now` on.
fn wait(said: &str, now: &Zoned) -> Option<Duration> {
    in_so_long(said).or_else(|| until_then(said, now))
}

/// `try again in 1m30s`, `retry after 20 seconds`, `"retryDelay":"34s"`.
fn in_so_long(said: &str) -> Option<Duration> {
    let pattern = r#"(?i)(?:again in|retry[- ]?after:?|retrydelay"?:) *"?((?:\d+(?:\.\d+)? *(?:days?|hours?|minutes?|seconds?|ms|[dhms])[, ]*(?:and )?)+)"#;
    let span = Regex::new(pattern).ok()?.captures(said)?.get(1)?.as_str();
    let part = Regex::new(r"(?i)(\d+(?:\.\d+)?) *(ms|[dhms])").ok()?;
    let seconds: f64 = part
        .captures_iter(span)
        .filter_map(|part| {
            let unit = match part.get(2)?.as_str().to_lowercase().as_str() {
                "ms" => 0.001,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => 86_400.0,
            };
            Some(part.get(1)?.as_str().parse::<f64>().ok()? * unit)
        })
        .sum();
    Duration::try_from_secs_f64(seconds).ok()
}

/// `limit reached|1763722800`, `resets at 2026-11-21T15:00:00Z`, `resets 3pm (Europe/Berlin)`.
fn until_then(said: &str, now: &Zoned) -> Option<Duration> {
    let found = |pattern: &str| Regex::new(pattern).ok()?.captures(said);
    let until = if let Some(epoch) = found(r"\|(\d{10})\b") {
        Timestamp::from_second(epoch[1].parse().ok()?).ok()?
    } else if let Some(moment) =
        found(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))")
    {
        moment[1].parse().ok()?
    } else {
        let clock =
            found(r"(?i)resets (?:at )?(\d{1,2})(?::(\d\d))? ?(am|pm)(?: \(([A-Za-z_/]+)\))?")?;
        let hour = clock[1]
            .parse::<i8>()
            .ok()
            .filter(|hour| (1..=12).contains(hour))?
            % 12;
        let afternoon = if clock[3].eq_ignore_ascii_case("pm") {
            12
        } else {
            0
        };
        let minute = clock
            .get(2)
            .map_or(Some(0), |minute| minute.as_str().parse().ok())?;
        let now = match clock.get(4) {
            Some(zone) => now.in_tz(zone.as_str()).ok()?,
            None => now.clone(),
        };
        let at = |day: &Zoned| {
            day.with()
                .hour(hour + afternoon)
                .minute(minute)
                .second(0)
                .subsec_nanosecond(0)
                .build()
                .ok()
        };
        match at(&now)? {
            then if then > now => then.timestamp(),
            _ => at(&now.tomorrow().ok()?)?.timestamp(),
        }
    };
    Duration::try_from(until.duration_since(now.timestamp())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_what_can_be_done() {
        let kind = |status, said| match of(Some(status), said) {
            AgentError::Transient { pressure, .. } => format!("{pressure:?}"),
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
    fn words_say_how_long_to_wait() {
        let now: Zoned = "2026-11-21T12:00:00[UTC]".parse().unwrap();
        let seconds = |said: &str| wait(said, &now).map(|wait| wait.as_secs());
        assert_eq!(seconds("Please try again in 1m30s."), Some(90));
        assert_eq!(seconds("try again in 20 seconds"), Some(20));
        assert_eq!(seconds("try again in 1 day 2 hours"), Some(93_600));
        assert_eq!(seconds(r#"{"retryDelay":"34s"}"#), Some(34));
        assert_eq!(
            seconds("Claude AI usage limit reached|1795262460"),
            Some(60)
        );
        assert_eq!(seconds("resets at 2026-11-21T12:00:05Z"), Some(5));
        assert_eq!(seconds("session limit · resets 3:30pm (UTC)"), Some(12_600));
        assert_eq!(seconds("session limit · resets 9am (UTC)"), Some(21 * 3600));
        assert_eq!(seconds("resets 13pm (UTC)"), None);
        assert_eq!(seconds("Too many requests"), None);
    }
}
