//! How often, and after how long, an agent starts again that was interrupted for a reason that passes: a pure decision.
//!
//! Each restart costs what the agent had done. A provider that limits or is overloaded says no before it does anything,
//! so those restarts are many; a connection that breaks, or a kill, may come after hours of work, so those are few, and
//! all interrupted work together takes no longer than the agent may take for its unit.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::agent::Interruption;

/// How often an agent starts again that its provider limits, and how long it waits where nobody says how long.
const TRIES: usize = 6;
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// How long an agent waits whose account has reached its usage limit, where nobody says until when.
const PAUSE: Duration = Duration::from_mins(30);

/// Agents that wait for the same moment start again within so much time after it.
const SPREAD: Duration = Duration::from_mins(1);

/// How long an agent waits whose connection broke; after the last restart it has failed.
const WAITS_AFTER_BREAK: [Duration; 3] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
];

/// How long an agent waits that was killed from outside. Whatever takes the memory may stay for long.
const WAITS_AFTER_KILL: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

/// How long an agent waits whose program broke down. What breaks down twice breaks down every time.
const WAITS_AFTER_CRASH: [Duration; 1] = [Duration::from_secs(1)];

/// The restarts that an agent has left for one attempt.
#[derive(Debug)]
pub(crate) struct Restarts {
    after_limit: ExponentialBackoff,
    after_usage_limit: ExponentialBackoff,
    after_break: std::array::IntoIter<Duration, 3>,
    after_kill: std::array::IntoIter<Duration, 2>,
    after_crash: std::array::IntoIter<Duration, 1>,
    /// How much longer interrupted work may take.
    left: Duration,
}

impl Restarts {
    /// Takes how long the agent may work on its unit.
    pub(crate) fn within(limit: Duration) -> Self {
        let waits = ExponentialBuilder::default()
            .with_min_delay(FIRST_WAIT)
            .with_max_delay(LONGEST_WAIT);
        Self {
            after_limit: waits.with_max_times(TRIES).build(),
            after_usage_limit: waits.without_max_times().build(),
            after_break: WAITS_AFTER_BREAK.into_iter(),
            after_kill: WAITS_AFTER_KILL.into_iter(),
            after_crash: WAITS_AFTER_CRASH.into_iter(),
            left: limit,
        }
    }

    /// Returns how long the agent waits before it starts again; `None` where it has had its restarts. `worked` is how
    /// long the turn took that was interrupted, and `told` how long the agent has to wait, where it was told.
    pub(crate) fn next(
        &mut self,
        interruption: Interruption,
        worked: Duration,
        told: Option<Duration>,
    ) -> Option<Duration> {
        let usual = match interruption {
            // The unit has no part in it, and the limit ends some time.
            Interruption::UsageLimit => {
                let usual = self.after_usage_limit.next()?;
                return Some(spread(told.map_or(PAUSE, |told| told.max(usual))));
            }
            Interruption::RateLimit | Interruption::Overload => {
                self.after_limit.next().map(|usual| later(usual, usual))
            }
            // The unit's attempts, which are recorded, decide about that.
            Interruption::NoAnswer => None,
            Interruption::Connection | Interruption::Killed | Interruption::Crashed => {
                self.left = self.left.saturating_sub(worked);
                if self.left.is_zero() {
                    return None;
                }
                match interruption {
                    Interruption::Killed => self.after_kill.next(),
                    Interruption::Crashed => self.after_crash.next(),
                    _ => self.after_break.next(),
                }
            }
        }?;
        Some(told.map_or(usual, spread))
    }
}

/// Makes a wait a little longer, so that agents that got the same retry time do not start again at the same moment.
fn spread(wait: Duration) -> Duration {
    later(wait, wait / 10)
}

/// Makes a wait longer by a random part of `most`, and by no more than a minute.
fn later(wait: Duration, most: Duration) -> Duration {
    wait + most.min(SPREAD).mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(interruption: Interruption, worked: Duration) -> usize {
        let mut restarts = Restarts::within(Duration::from_mins(30));
        let mut count = 0;
        while restarts.next(interruption, worked, None).is_some() {
            count += 1;
        }
        count
    }

    #[test]
    fn a_provider_that_says_no_is_asked_more_often_than_a_broken_connection() {
        let short = Duration::from_secs(20);
        assert_eq!(times(Interruption::RateLimit, short), 6);
        assert_eq!(times(Interruption::Overload, short), 6);
        assert_eq!(times(Interruption::Connection, short), 3);
        assert_eq!(times(Interruption::Killed, short), 2);
        assert_eq!(times(Interruption::Crashed, short), 1);
    }

    #[test]
    fn no_wait_is_longer_by_chance_than_a_minute() {
        for _ in 0..20 {
            let mut restarts = Restarts::within(Duration::from_mins(30));
            for seconds in [5, 10, 20, 40, 80, 160] {
                let next = restarts.next(Interruption::RateLimit, Duration::ZERO, None);
                let usual = Duration::from_secs(seconds);
                let longest = usual + usual.min(Duration::from_mins(1));
                assert!((usual..=longest).contains(&next.expect("a further try")));
            }
        }
    }

    #[test]
    fn a_usage_limit_ends_no_unit_and_its_named_end_is_kept_to_the_minute() {
        let mut restarts = Restarts::within(Duration::from_mins(30));
        let mut next = |told| {
            let next = restarts.next(Interruption::UsageLimit, Duration::ZERO, told);
            next.expect("a further try")
        };
        let week = Duration::from_hours(7 * 24);
        for _ in 0..20 {
            assert!((PAUSE..PAUSE + SPREAD).contains(&next(None)));
            assert!((week..=week + SPREAD).contains(&next(Some(week))));
        }
        // The named end has passed, and the provider still refuses.
        assert!(next(Some(Duration::ZERO)) >= FIRST_WAIT);
    }

    #[test]
    fn interrupted_work_takes_no_longer_in_all_than_the_unit_may_take() {
        let long = Duration::from_mins(11);
        assert_eq!(times(Interruption::Connection, long), 2);
        assert_eq!(times(Interruption::Connection, Duration::from_mins(30)), 0);
        assert_eq!(times(Interruption::RateLimit, long), 6);
    }
}
