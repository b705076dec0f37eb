//! Durations and points in time in words. Reads no clock: all times come in as milliseconds.

/// Formats a duration in at most two parts: `850ms`, `3.4s`, `12s`, `6m12s`, `1h02m`.
#[must_use]
pub fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms}ms"),
        1_000..10_000 => format!("{}.{}s", ms / 1_000, ms % 1_000 / 100),
        _ => whole_seconds(ms),
    }
}

/// Formats a duration in whole seconds, for a clock that ticks by the second: `0s`, `3s`, `6m12s`, `1h02m`.
#[must_use]
pub fn whole_seconds(ms: u64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// Formats milliseconds since 1970 as RFC 3339 in UTC. A time outside the calendar becomes the last time of the
/// calendar.
#[must_use]
pub fn timestamp(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .unwrap_or(jiff::Timestamp::MAX)
        .to_string()
}

/// Formats milliseconds since 1970 as the local time of day: `10:42`.
#[must_use]
pub fn clock(ms: i64) -> String {
    local(ms).strftime("%H:%M").to_string()
}

/// Formats milliseconds since 1970 as the local time of day, with the day where that is not the day of `before`:
/// `10:42`, `Dec 24 10:42`.
#[must_use]
pub fn clock_after(before: i64, ms: i64) -> String {
    let (before, then) = (local(before), local(ms));
    if before.date() == then.date() {
        return clock(ms);
    }
    then.strftime("%b %-d %H:%M").to_string()
}

fn local(ms: i64) -> jiff::Zoned {
    jiff::Timestamp::from_millisecond(ms)
        .unwrap_or(jiff::Timestamp::MAX)
        .to_zoned(jiff::tz::TimeZone::system())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_at_most_two_parts() {
        let words = [
            0, 850, 999, 1_000, 3_450, 9_999, 12_000, 59_999, 60_000, 372_000, 3_599_999,
            3_720_000, 97_200_000,
        ]
        .map(duration);
        assert_eq!(
            words.join(" "),
            "0ms 850ms 999ms 1.0s 3.4s 9.9s 12s 59s 1m00s 6m12s 59m59s 1h02m 27h00m"
        );
        assert_eq!(
            [0, 999, 3_450, 61_000].map(whole_seconds).join(" "),
            "0s 0s 3s 1m01s"
        );
    }

    #[test]
    fn timestamps_are_rfc_3339() {
        assert_eq!(timestamp(1_795_262_602_000), "2026-11-21T12:03:22Z");
        assert_eq!(timestamp(i64::MAX), jiff::Timestamp::MAX.to_string());
    }
}
