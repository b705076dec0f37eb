//! How fast requests may follow each other, and how long a wait is worth it.
//!
//! Durations are values, so that tests need no waiting. Nothing here knows what the requests are.

use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

/// The pace of requests to a forge.
///
/// The defaults follow GitHub's "Best practices for using the REST API"
/// (<https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api>).
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// At least this long between two requests that change something.
    pub spacing: Duration,
    /// The first wait after a failure of network or server; doubles each time.
    pub retry: Duration,
    /// The first wait after a limit that says no time; doubles each time.
    pub limit: Duration,
    /// All waits of one request together may take this long.
    pub patience: Duration,
    /// How often one request is tried.
    pub attempts: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            spacing: Duration::from_secs(1),
            retry: Duration::from_secs(1),
            limit: Duration::from_mins(1),
            patience: Duration::from_mins(15),
            attempts: 5,
        }
    }
}

/// Why there has to be a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// Network or server failed; what became of the request is unknown.
    Unclear,
    /// Too many requests; the server said how long to wait, or did not.
    Limit,
}

/// The attempts of one request: counts them, and says how long to wait before the next.
#[derive(Debug)]
pub(super) struct Attempts {
    pace: Pace,
    made: u32,
    waited: Duration,
}

/// Why there is no further attempt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum GiveUp {
    TooOften,
    TooLong,
}

impl Attempts {
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            pace,
            made: 0,
            waited: Duration::ZERO,
        }
    }

    /// How many attempts have failed.
    pub(super) fn made(&self) -> u32 {
        self.made
    }

    /// Counts a failed attempt; how long to wait before the next. What the server told goes before our own idea.
    pub(super) fn failed(
        &mut self,
        cause: Cause,
        told: Option<Duration>,
    ) -> Result<Duration, GiveUp> {
        self.made += 1;
        if self.made >= self.pace.attempts {
            return Err(GiveUp::TooOften);
        }
        let first = match cause {
            Cause::Unclear => self.pace.retry,
            Cause::Limit => self.pace.limit,
        };
        let wait = told.unwrap_or(first.saturating_mul(1 << (self.made - 1).min(16)));
        self.waited = self.waited.saturating_add(wait);
        if self.waited > self.pace.patience {
            return Err(GiveUp::TooLong);
        }
        Ok(wait)
    }
}

/// Lets one change through at a time, and not too soon after the last.
#[derive(Debug, Default)]
pub(super) struct Gate {
    last: Mutex<Option<Instant>>,
}

/// The right to send changes, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    last: MutexGuard<'a, Option<Instant>>,
}

impl Gate {
    pub(super) async fn turn(&self) -> Turn<'_> {
        Turn {
            last: self.last.lock().await,
        }
    }
}

impl Turn<'_> {
    /// Waits until the next change may be sent.
    pub(super) async fn ready(&mut self, spacing: Duration) {
        if let Some(last) = *self.last {
            tokio::time::sleep_until(last + spacing).await;
        }
        *self.last = Some(Instant::now());
    }

    /// The change was answered, or failed; the spacing counts from here.
    pub(super) fn done(&mut self) {
        *self.last = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_double_and_what_the_server_says_goes_first() {
        let mut attempts = Attempts::new(Pace::default());
        assert_eq!(attempts.failed(Cause::Unclear, None), Ok(SECOND));
        assert_eq!(attempts.failed(Cause::Limit, None), Ok(120 * SECOND));
        assert_eq!(
            attempts.failed(Cause::Limit, Some(7 * SECOND)),
            Ok(7 * SECOND)
        );
        assert_eq!(attempts.failed(Cause::Unclear, None), Ok(8 * SECOND));
        assert_eq!(attempts.failed(Cause::Unclear, None), Err(GiveUp::TooOften));
    }

    #[test]
    fn a_wait_beyond_all_patience_is_not_begun() {
        let mut attempts = Attempts::new(Pace::default());
        let hour = Some(Duration::from_hours(1));
        assert_eq!(attempts.failed(Cause::Limit, hour), Err(GiveUp::TooLong));
    }

    #[tokio::test]
    async fn changes_keep_their_distance() {
        let gate = Gate::default();
        let spacing = Duration::from_millis(20);
        let start = Instant::now();
        for _ in 0..2 {
            let mut turn = gate.turn().await;
            turn.ready(spacing).await;
            turn.done();
        }
        assert!(start.elapsed() >= spacing);
    }
}
