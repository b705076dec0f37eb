//! Limits as GitHub has them, and a count of how often they were broken.

use std::collections::VecDeque;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{Answer, Asked};

/// How much may be asked in which time; nothing is limited by default.
#[derive(Debug, Default)]
pub struct Limits {
    /// At least so much time between two changes.
    pub spacing: Option<Duration>,
    /// So many changes in so much time.
    pub changes: Option<(usize, Duration)>,
    /// So many requests in windows of so many seconds.
    pub requests: Option<(u64, u64)>,
    /// What was broken, a sentence each.
    pub broken: Vec<String>,
    last: Option<Instant>,
    recent: VecDeque<Instant>,
    window: u64,
    used: u64,
}

impl Limits {
    /// The refusal, where a limit is broken.
    pub(super) fn judge(&mut self, asked: &Asked) -> Option<Answer> {
        if let Some((most, seconds)) = self.requests {
            let window = seconds_now() / seconds;
            if window != self.window {
                (self.window, self.used) = (window, 0);
            }
            self.used += 1;
            if self.used > most {
                self.broken
                    .push(format!("{} requests in {seconds}s", self.used));
                return Some(Answer::message(
                    403,
                    "API rate limit exceeded for user ID 1.",
                ));
            }
        }
        if !asked.is_change() {
            return None;
        }
        let now = Instant::now();
        if let (Some(spacing), Some(last)) = (self.spacing, self.last.replace(now))
            && now - last < spacing
        {
            let gap = now - last;
            self.broken.push(format!("a change {gap:?} after another"));
            return Some(secondary());
        }
        if let Some((most, time)) = self.changes {
            self.recent.retain(|then| now - *then < time);
            if self.recent.len() >= most {
                self.broken
                    .push(format!("more than {most} changes in {time:?}"));
                return Some(secondary());
            }
            self.recent.push_back(now);
        }
        None
    }

    /// What every answer tells of the limit on requests.
    pub(super) fn headers(&self) -> Vec<(&'static str, String)> {
        let Some((most, seconds)) = self.requests else {
            return Vec::new();
        };
        let used = self.used.min(most);
        vec![
            ("x-ratelimit-limit", most.to_string()),
            ("x-ratelimit-remaining", (most - used).to_string()),
            ("x-ratelimit-used", used.to_string()),
            (
                "x-ratelimit-reset",
                ((self.window + 1) * seconds).to_string(),
            ),
            ("x-ratelimit-resource", "core".to_owned()),
        ]
    }
}

fn secondary() -> Answer {
    let words =
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    Answer::message(403, words).with("retry-after", "1")
}

fn seconds_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock")
        .as_secs()
}
