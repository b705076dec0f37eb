//! How many agents may work at once: pure decisions over time, which comes in as a value.
//!
//! It begins with as many as were asked for, halves when an agent is held back by its model's provider, starts nobody
//! before the moment that was named, and grows by one after each quiet minute. It knows no agents and no units.

use std::time::Duration;

/// The time since the run was taken up.
pub(crate) type Moment = Duration;

/// After so long without trouble there is one more.
const QUIET: Duration = Duration::from_mins(1);
/// Agents that are held back at nearly the same time are held back for one reason.
const BURST: Duration = Duration::from_secs(15);
/// An agent that is held back for a shorter time waits for itself.
const SHORT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Governor {
    most: usize,
    at_once: usize,
    /// The last trouble, or the last growth after it.
    since: Moment,
    halved: Option<Moment>,
    /// Nobody is started before.
    closed_until: Option<Moment>,
}

impl Governor {
    /// `most` at once, at least one.
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

    /// One of `busy` agents is held back; `wait` is how long, where that was said.
    pub(crate) fn interrupt(&mut self, now: Moment, busy: usize, wait: Option<Duration>) {
        self.since = now;
        if self.halved.is_none_or(|at| now >= at + BURST) {
            self.halved = Some(now);
            // Fewer than may work were too many already.
            self.at_once = (self.at_once.min(busy) / 2).max(1);
        }
        if let Some(wait) = wait.filter(|wait| *wait >= SHORT) {
            self.closed_until = self.closed_until.max(Some(now.saturating_add(wait)));
        }
    }

    /// Time has passed.
    pub(crate) fn pass(&mut self, now: Moment) {
        if self.closed_until.is_some_and(|until| until <= now) {
            // The quiet time begins with the moment at which somebody may try again.
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

    /// How many may work at once, as of the last moment that was told.
    pub(crate) fn at_once(&self) -> usize {
        if self.closed_until.is_some() {
            0
        } else {
            self.at_once
        }
    }

    /// Until when nobody is started.
    pub(crate) fn closed_until(&self) -> Option<Moment> {
        self.closed_until
    }

    /// When something changes though nothing happens.
    pub(crate) fn next(&self) -> Option<Moment> {
        let grows = (self.at_once < self.most).then(|| self.since.saturating_add(QUIET));
        self.closed_until.or(grows)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// More than any of them lets work.
    const BUSY: usize = 64;

    fn seconds(seconds: u64) -> Moment {
        Duration::from_secs(seconds)
    }

    #[test]
    fn it_halves_once_for_many_that_are_held_back_together() {
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
    fn it_halves_what_works_where_that_is_less_than_may() {
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
    fn nobody_is_started_before_the_moment_that_was_named() {
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
            troubles in proptest::collection::vec((0..400_u64, proptest::option::of(0..1_000_u64)), 0..30),
        ) {
            let mut it = Governor::new(most);
            let mut now = Moment::ZERO;
            for (after, wait) in troubles {
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
