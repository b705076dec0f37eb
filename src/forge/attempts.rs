//! Counts the attempts of one request, and decides whether and when the next one follows.

use std::time::Duration;

use super::pace::Pace;

/// A limit that still holds after this many waits will not go by waiting.
const MOST_WAITS: u32 = 10;

/// Why an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// Network or server failed; the server may or may not have done what was asked.
    Unclear,
    /// The server takes no more requests for now.
    Limit,
}

/// The attempts of one request.
#[derive(Debug)]
pub(super) struct Attempts {
    pace: Pace,
    failed: u32,
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
            failed: 0,
            waited: Duration::ZERO,
        }
    }

    /// Returns how many attempts have failed.
    pub(super) fn failed(&self) -> u32 {
        self.failed
    }

    /// Counts a failed attempt and returns the time to wait before the next; the server's own word on that counts more
    /// than ours.
    pub(super) fn fail(
        &mut self,
        cause: Cause,
        retry_after: Option<Duration>,
    ) -> Result<Duration, GiveUp> {
        self.failed += 1;
        let (most, first) = match cause {
            Cause::Unclear => (self.pace.attempts, self.pace.retry),
            Cause::Limit => (MOST_WAITS, self.pace.limit),
        };
        if self.failed >= most {
            return Err(GiveUp::TooOften);
        }
        let doubled = first.saturating_mul(1 << (self.failed - 1).min(16));
        let wait = retry_after.unwrap_or(doubled);
        self.waited = self.waited.saturating_add(wait);
        if self.waited > self.pace.patience {
            return Err(GiveUp::TooLong);
        }
        Ok(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_double_unless_the_server_says_how_long() {
        let mut attempts = Attempts::new(Pace::default());
        assert_eq!(attempts.fail(Cause::Unclear, None), Ok(SECOND));
        assert_eq!(attempts.fail(Cause::Limit, None), Ok(120 * SECOND));
        let by_server = Some(7 * SECOND);
        assert_eq!(attempts.fail(Cause::Limit, by_server), Ok(7 * SECOND));
        assert_eq!(attempts.fail(Cause::Unclear, None), Ok(8 * SECOND));
        assert_eq!(attempts.fail(Cause::Unclear, None), Err(GiveUp::TooOften));
    }

    #[test]
    fn a_wait_beyond_all_patience_does_not_begin() {
        let mut attempts = Attempts::new(Pace::default());
        let long = Some(Duration::from_hours(2));
        assert_eq!(attempts.fail(Cause::Limit, long), Err(GiveUp::TooLong));
    }
}
