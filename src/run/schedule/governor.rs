//! How many agents may work at once: pure decisions over time, which comes in as a value.
//!
//! The number starts at what the user asked for, halves when a provider interrupts an agent, is zero until the moment
//! that the provider named, and grows by one after each quiet minute. The governor knows no agents and no units.

use std::time::Duration;

/// The time since this process began to drive the run.
pub(crate) type Moment = Duration;

/// After so long without an interruption one more agent may work.
const QUIET: Duration = Duration::from_mins(1);
/// Agents that are interrupted within so much time are interrupted for one reason.
const BURST: Duration = Duration::from_secs(15);
/// An agent that has to wait for less waits alone.
const SHORT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Governor {
    most: usize,
    at_once: usize,
    /// The last interruption, or the last growth after it.
    since: Moment,
    halved: Option<Moment>,
    /// No agent starts before this moment.
    closed_until: Option<Moment>,
}

impl Governor {
    /// Makes a governor that allows `most` agents at once, at least one.
    pub(crate) fn new(most: usize) -> Self {
        let most = most.max(1);
        Self {
            most,
            at_once: most,
            since: Moment::ZERO,
            halved: None,
            closed_until: None,
        }
    }

    /// Takes in that one of `busy` agents was interrupted; `wait` is how long it has to wait, where the provider said
    /// so.
    pub(crate) fn interrupt(&mut self, now: Moment, busy: usize, wait: Option<Duration>) {
        self.since = now;
        if self.halved.is_none_or(|at| now >= at + BURST) {
            self.halved = Some(now);
            // Fewer agents than may work were too many.
            self.at_once = (self.at_once.min(busy) / 2).max(1);
        }
        if let Some(wait) = wait.filter(|wait| *wait >= SHORT) {
            self.closed_until = self.closed_until.max(Some(now.saturating_add(wait)));
        }
    }

    /// Takes in that time has passed.
    pub(crate) fn pass(&mut self, now: Moment) {
        if self.closed_until.is_some_and(|until| until <= now) {
            // The quiet time starts when an agent may try again.
            self.since = self.since.max(self.closed_until.unwrap_or(now));
            self.closed_until = None;
        }
        while self.at_once < self.most
            && self.closed_until.is_none()
            && now >= self.since.saturating_add(QUIET)
        {
            self.at_once += 1;
            self.since += QUIET;
        }
    }

    /// Returns how many agents may work at once, as of the last moment that was taken in.
    pub(crate) fn at_once(&self) -> usize {
        if self.closed_until.is_some() {
            0
        } else {
            self.at_once
        }
    }

    /// Returns the moment before which no agent starts.
    pub(crate) fn closed_until(&self) -> Option<Moment> {
        self.closed_until
    }

    /// Returns the moment when the number changes though nothing happens.
    pub(crate) fn next(&self) -> Option<Moment> {
        let grows = (self.at_once < self.most).then(|| self.since.saturating_add(QUIET));
        self.closed_until.or(grows)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// More agents than any governor allows.
    const BUSY: usize = 64;

    fn seconds(seconds: u64) -> Moment {
        Duration::from_secs(seconds)
    }

    #[test]
    fn it_halves_once_for_agents_that_are_interrupted_together() {
        let mut it = Governor::new(8);
        for at in 0..8 {
            it.interrupt(seconds(at), BUSY, None);
        }
        assert_eq!(it.at_once(), 4);
        it.interrupt(seconds(20), BUSY, None);
        assert_eq!(it.at_once(), 2);
        for at in [40, 60, 80] {
            it.interrupt(seconds(at), BUSY, None);
        }
        assert_eq!(it.at_once(), 1);
    }

    #[test]
    fn it_halves_the_number_that_works_where_fewer_work_than_may() {
        let mut it = Governor::new(8);
        it.interrupt(seconds(1), 4, None);
        assert_eq!(it.at_once(), 2);
        it.interrupt(seconds(20), 0, None);
        assert_eq!(it.at_once(), 1);
    }

    #[test]
    fn it_grows_by_one_after_each_quiet_minute() {
        let mut it = Governor::new(4);
        it.interrupt(seconds(10), BUSY, None);
        assert_eq!((it.at_once(), it.next()), (2, Some(seconds(70))));
        it.pass(seconds(69));
        assert_eq!(it.at_once(), 2);
        it.pass(seconds(70));
        assert_eq!((it.at_once(), it.next()), (3, Some(seconds(130))));
        it.pass(seconds(500));
        assert_eq!((it.at_once(), it.next()), (4, None));
    }

    #[test]
    fn no_agent_starts_before_the_named_moment() {
        let mut it = Governor::new(4);
        it.interrupt(seconds(10), BUSY, Some(seconds(600)));
        it.interrupt(seconds(11), BUSY, Some(seconds(60)));
        it.interrupt(seconds(12), BUSY, Some(seconds(1)));
        assert_eq!((it.at_once(), it.next()), (0, Some(seconds(610))));
        it.pass(seconds(609));
        assert_eq!(it.at_once(), 0);
        it.pass(seconds(610));
        assert_eq!((it.at_once(), it.next()), (2, Some(seconds(670))));
    }

    proptest! {
        #[test]
        fn it_stays_within_its_bounds_and_never_gets_stuck(
            most in 1..64_usize,
            interruptions in proptest::collection::vec((0..400_u64, proptest::option::of(0..1_000_u64)), 0..30),
        ) {
            let mut it = Governor::new(most);
            let mut now = Moment::ZERO;
            for (after, wait) in interruptions {
                now += seconds(after);
                it.pass(now);
                it.interrupt(now, BUSY, wait.map(seconds));
                prop_assert!(it.at_once() <= most);
                prop_assert!(it.at_once() > 0 || it.next().is_some_and(|next| next > now));
            }
            let mut steps = 0;
            while let Some(next) = it.next() {
                let before = it.at_once();
                it.pass(next);
                prop_assert!(it.at_once() > before);
                steps += 1;
                prop_assert!(steps <= most + 1);
            }
            prop_assert_eq!(it.at_once(), most);
        }
    }
}
