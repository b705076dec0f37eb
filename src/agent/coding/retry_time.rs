//! Reads out of an error message how long to wait before a retry.

use std::time::Duration;

use jiff::{Timestamp, Zoned};
use regex::Regex;

/// Returns how long the message asks to wait, from `now` on.
pub(super) fn wait(message: &str, now: &Zoned) -> Option<Duration> {
    time_span(message).or_else(|| until_moment(message, now))
}

/// Reads `try again in 1m30s`, `retry after 20 seconds`, `"retryDelay":"34s"`.
fn time_span(message: &str) -> Option<Duration> {
    let pattern = concat!(
        r#"(?i)(?:again in|retry[- ]?after:?|retrydelay"?:) *"?"#,
        r"((?:\d+(?:\.\d+)? *(?:days?|hours?|minutes?|seconds?|ms|[dhms])[, ]*(?:and )?)+)",
    );
    let span = Regex::new(pattern)
        .ok()?
        .captures(message)?
        .get(1)?
        .as_str();
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

/// Reads `limit reached|1763722800`, `resets at 2026-11-21T15:00:00Z`, `resets 3pm (Europe/Berlin)`.
fn until_moment(message: &str, now: &Zoned) -> Option<Duration> {
    let found = |pattern: &str| Regex::new(pattern).ok()?.captures(message);
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
    fn a_message_says_how_long_to_wait() {
        let now: Zoned = "2026-11-21T12:00:00[UTC]".parse().unwrap();
        let seconds = |message: &str| wait(message, &now).map(|wait| wait.as_secs());
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
