//! Reads out of an error message how long to wait before a retry: a span (`in 3 hr 12 min`), a number of seconds, or a
//! moment (`resets 3pm`), in the forms that coding agents and their providers print.

use std::time::Duration;

use jiff::{Timestamp, Zoned};
use regex::Regex;

use super::retry_moment;

/// Returns how long the message asks to wait, from `now` on; zero where the moment that it names has passed.
pub(super) fn wait(message: &str, now: &Zoned) -> Option<Duration> {
    let until = |moment| until(moment, now);
    time_span(message)
        .or_else(|| seconds(message))
        .or_else(|| epoch(message).map(until))
        .or_else(|| retry_moment::read(message, now).map(until))
}

/// Returns the time from `now` to a moment; zero where it has passed.
pub(super) fn until(moment: Timestamp, now: &Zoned) -> Duration {
    Duration::try_from(moment.duration_since(now.timestamp())).unwrap_or_default()
}

/// A span of time, such as `1m30s`, `3 hr 12 min`, `2 days 4 hours`, `20 seconds`.
const SPAN: &str = concat!(
    r"(?:\d+(?:\.\d+)? *",
    r"(?:weeks?|days?|hours?|hrs?|minutes?|mins?|milliseconds?|seconds?|secs?|ms|[wdhms])\b[, ]*(?:and )?",
    r"|\d+(?:\.\d+)?[dhm])+",
);

/// Reads `try again in 1m30s`, `resets in 3 hr 12 min`, `will reset after 42h1m20s`, `retry after 20 seconds`, `wait 2
/// minutes before trying again`, `"retryDelay":"34s"`. A span after another word, such as `resets every 5h`, says how
/// long a limit lasts, and not when it ends.
fn time_span(message: &str) -> Option<Duration> {
    let about = "(?:(?:about|approximately|around|another|roughly) |~ ?)?";
    let announced = r"(?:again|retry(?:ing)?|resets?|available|renews?|refresh(?:es)?|continues?)";
    let forms = [
        format!(r#"{announced}\b[^.!?\n]{{0,40}}?\b(?:in|after)\b["\s:=]*{about}({SPAN})"#),
        format!(r#"\bretry\w*["\s]*[:=]["\s]*({SPAN})"#),
        format!(r"\bwait (?:for )?{about}({SPAN})"),
    ];
    let found = |form: &String| Regex::new(&format!("(?i){form}")).ok()?.captures(message);
    let found = forms.iter().find_map(found)?;
    let span = found.get(1)?.as_str();
    let part = Regex::new(r"(?i)(\d+(?:\.\d+)?) *(ms|mil|[wdhms])").ok()?;
    let seconds: f64 = part
        .captures_iter(span)
        .filter_map(|part| {
            let unit = match part.get(2)?.as_str().to_lowercase().as_str() {
                "ms" | "mil" => 0.001,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                "d" => 86_400.0,
                _ => 7.0 * 86_400.0,
            };
            Some(part.get(1)?.as_str().parse::<f64>().ok()? * unit)
        })
        .sum();
    Duration::try_from_secs_f64(seconds).ok()
}

/// Reads a number of seconds without a unit: `retry-after: 20`, `"resets_in_seconds":11520`.
fn seconds(message: &str) -> Option<Duration> {
    let pattern = concat!(
        r#"(?i)\b(?:retry[-_ ]?after(?:_seconds)?|resets?_in_seconds|reset_after_seconds)"#,
        r#"["\s]*[:=]?["\s]*(\d+(?:\.\d+)?)\b"#,
    );
    let found = Regex::new(pattern).ok()?.captures(message)?;
    Duration::try_from_secs_f64(found[1].parse().ok()?).ok()
}

/// Reads seconds or milliseconds since 1970: `limit reached|1763722800`, `"resets_at":1763722800`.
fn epoch(message: &str) -> Option<Timestamp> {
    let pattern = r#"(?i)(?:\||resets?_?at["\s]*[:=]["\s]*)(\d{10})(\d{3})?\b"#;
    let found = Regex::new(pattern).ok()?.captures(message)?;
    Timestamp::from_second(found[1].parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds from noon of Saturday, 21 November 2026, in Berlin, which is 11:00 UTC.
    fn seconds_at_noon(message: &str) -> Option<u64> {
        let now: Zoned = "2026-11-21T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
        wait(message, &now).map(|wait| wait.as_secs())
    }

    const MINUTE: u64 = 60;
    const HOUR: u64 = 3600;
    const DAY: u64 = 24 * HOUR;

    #[test]
    fn a_message_says_how_long_to_wait() {
        for (message, expected) in [
            ("Please try again in 1m30s.", 90),
            ("try again in 20 seconds", 20),
            ("try again in 1 day 2 hours", DAY + 2 * HOUR),
            (
                "Try again in 3 days 6 hours 57 minutes.",
                3 * DAY + 6 * HOUR + 57 * MINUTE,
            ),
            (
                "Usage limit reached. Resets in 3 hr 12 min",
                3 * HOUR + 12 * MINUTE,
            ),
            ("Rate limit reached. Please try again in 6ms.", 0),
            ("Your quota will reset after 42h1m20s.", 42 * HOUR + 80),
            (
                "Please try again in 51 hours. Please review our Terms",
                51 * HOUR,
            ),
            ("Please wait 2 minutes before trying again.", 120),
            ("available again in about 5 hours", 5 * HOUR),
            ("Retry after 20 seconds", 20),
            ("Please retry in 34.07s.", 34),
            (r#"{"retryDelay":"34s"}"#, 34),
            ("HTTP 429, retry-after: 20", 20),
            (
                r#"{"error":{"type":"usage_limit_reached","resets_in_seconds":11520}}"#,
                11_520,
            ),
        ] {
            assert_eq!(seconds_at_noon(message), Some(expected), "{message}");
        }
    }

    #[test]
    fn a_message_names_the_moment_of_a_retry() {
        for (message, expected) in [
            ("Claude AI usage limit reached|1795258860", 60),
            ("Claude AI usage limit reached|1795258860000", 60),
            (r#"{"resets_at":1795258860}"#, 60),
            ("resets at 2026-11-21T12:00:05+01:00", 5),
            ("resets at 2026-11-21T11:00:05Z", 5),
            ("limited until 2026-11-21 15:00 UTC", 4 * HOUR),
            // A clock.
            (
                "You've hit your session limit · resets 3:30pm (Europe/Berlin)",
                3 * HOUR + 30 * MINUTE,
            ),
            ("session limit · resets 9am (UTC)", 22 * HOUR),
            ("5-hour limit reached ∙ resets 15:00", 3 * HOUR),
            ("5-hour limit reached ∙ resets 3am", 15 * HOUR),
            ("Session limit reached ∙ resets 5:00 PM", 5 * HOUR),
            ("Your limit will reset at 1pm (Etc/GMT+5).", 7 * HOUR),
            (
                "You've hit your usage limit. Try again at 3:05 PM.",
                3 * HOUR + 5 * MINUTE,
            ),
            (
                "visit example.com to purchase more credits or try again at 3:05 p.m.",
                3 * HOUR + 5 * MINUTE,
            ),
            (
                "Usage limit reached for the model. Access resets at 10:57 PM GMT-3.",
                14 * HOUR + 57 * MINUTE,
            ),
            ("resets at 6am tomorrow", 18 * HOUR),
            ("resets tomorrow at 6am", 18 * HOUR),
            ("resets at midnight", 12 * HOUR),
            ("resets 4am (PST)", HOUR),
            // A clock that has just passed is not tomorrow's.
            ("resets 11:55am", 0),
            ("resets 12pm", 0),
            // A date.
            (
                "You've hit your weekly limit · resets Dec 24 at 3pm (UTC)",
                33 * DAY + 4 * HOUR,
            ),
            (
                "Weekly limit reached ∙ resets Nov 23, 5pm",
                2 * DAY + 5 * HOUR,
            ),
            (
                "try again at Nov 23rd, 2026 12:30 PM.",
                2 * DAY + 30 * MINUTE,
            ),
            (
                "wait for your limit to reset on November 23, 2026 at 2:00 AM or switch",
                DAY + 14 * HOUR,
            ),
            ("resets 23 Nov 2026, 14:00", 2 * DAY + 2 * HOUR),
            (
                "Usage will reset when your monthly cycle ends on 11/23/2026.",
                DAY + 12 * HOUR,
            ),
            ("Try again Nov 23.", DAY + 12 * HOUR),
            ("resets Jan 2 at 12pm", 42 * DAY),
            ("resets Mon 12:00 PM", 2 * DAY),
            ("resets Saturday at 11am", 7 * DAY - HOUR),
            // A date that has passed.
            ("Claude AI usage limit reached|1735056000", 0),
            ("resets Nov 20 at 3pm", 0),
        ] {
            assert_eq!(seconds_at_noon(message), Some(expected), "{message}");
        }
    }

    #[test]
    fn a_message_without_a_time_says_nothing() {
        for message in [
            "Too many requests",
            "You've hit your usage limit. Try again later.",
            "wait for limits to reset (every 5h and every week.)",
            "resets 13pm (UTC)",
            "resets 27:00",
            "resets Feb 30 at 3pm",
            "try again with model 5.4",
            "retried 5 times (total retry wait time: 5.53 seconds)",
            "2026-11-21T09:00:00Z error: rate limited, try again",
            "",
        ] {
            assert_eq!(seconds_at_noon(message), None, "{message}");
        }
    }
}
