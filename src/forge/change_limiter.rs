//! Lets one change at a time through to a server, in the server's pace.
//!
//! Knows nothing of what the changes are.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

use super::change_history::{ChangeHistory, LockedHistory};
use super::pace::Pace;

/// Hands out the permit to send changes.
#[derive(Debug, Default)]
pub(super) struct ChangeLimiter {
    sent: Mutex<Sent>,
    /// Makes the limits hold across processes, too.
    history: Option<ChangeHistory>,
}

/// When changes were sent.
#[derive(Debug, Default)]
struct Sent {
    last: Option<Instant>,
    /// The changes that count against a budget, the oldest first.
    counted: VecDeque<Instant>,
}

/// The right to send changes, until it is dropped.
#[derive(Debug)]
pub(super) struct ChangePermit<'a> {
    sent: MutexGuard<'a, Sent>,
    history: Option<LockedHistory>,
}

impl ChangeLimiter {
    pub(super) fn with_history(history: Option<ChangeHistory>) -> Self {
        Self {
            sent: Mutex::default(),
            history,
        }
    }

    /// Waits until no other task and no other process holds the permit.
    pub(super) async fn permit(&self) -> ChangePermit<'_> {
        let mut sent = self.sent.lock().await;
        let locked = match &self.history {
            Some(history) => history.lock().await,
            None => None,
        };
        let history = locked.map(|(history, ages)| {
            sent.recall(&ages);
            history
        });
        ChangePermit { sent, history }
    }
}

impl Sent {
    /// Replaces the known moments by those of all processes, given as ages, the oldest first.
    fn recall(&mut self, ages: &[Duration]) {
        let now = Instant::now();
        // A machine that has just been started knows no instant before.
        let moments = ages.iter().filter_map(|age| now.checked_sub(*age));
        self.counted = moments.collect();
        self.last = self.last.max(self.counted.back().copied());
    }
}

impl ChangePermit<'_> {
    /// Returns how long the budget still refuses the next change.
    pub(super) fn over_budget(&self, pace: &Pace) -> Option<Duration> {
        let budget = pace.budget?;
        let used = self.sent.counted.len();
        let oldest = self.sent.counted.get(used.checked_sub(budget.changes)?)?;
        let rest = (*oldest + budget.per).saturating_duration_since(Instant::now());
        (!rest.is_zero()).then_some(rest)
    }

    /// Waits until the next change may be sent.
    pub(super) async fn ready(&mut self, pace: &Pace) {
        if let Some(rest) = self.over_budget(pace) {
            tokio::time::sleep(rest).await;
        }
        if let Some(last) = self.sent.last {
            tokio::time::sleep_until(last + pace.spacing).await;
        }
        self.count(pace);
        self.answered();
    }

    /// Starts the spacing: the change was answered, or failed.
    pub(super) fn answered(&mut self) {
        self.sent.last = Some(Instant::now());
    }

    fn count(&mut self, pace: &Pace) {
        if let Some(history) = &mut self.history {
            history.add_now();
        }
        if let Some(budget) = pace.budget {
            self.sent.counted.push_back(Instant::now());
            if self.sent.counted.len() > budget.changes {
                self.sent.counted.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::pace::Budget;
    use super::*;

    async fn time_of(changes: usize, pace: Pace) -> Duration {
        let limiter = ChangeLimiter::default();
        let start = Instant::now();
        for _ in 0..changes {
            let mut permit = limiter.permit().await;
            permit.ready(&pace).await;
            permit.answered();
        }
        start.elapsed()
    }

    #[tokio::test]
    async fn changes_keep_their_distance_and_their_budget() {
        let spacing = Duration::from_millis(20);
        let pace = Pace {
            spacing,
            ..Pace::default()
        };
        assert!(time_of(2, pace).await >= spacing);
        let per = Duration::from_millis(60);
        let pace = Pace {
            spacing: Duration::ZERO,
            budget: Some(Budget { changes: 2, per }),
            ..pace
        };
        // Two at once, two after one span, the fifth after another.
        assert!(time_of(5, pace).await >= 2 * per);
    }

    #[tokio::test]
    async fn the_budget_holds_across_processes() {
        let folder = tempfile::tempdir().expect("a folder");
        let limiter = || {
            let history = ChangeHistory::at(folder.path().join("server"));
            ChangeLimiter::with_history(Some(history))
        };
        let per = Duration::from_mins(10);
        let pace = Pace {
            spacing: Duration::ZERO,
            budget: Some(Budget { changes: 2, per }),
            ..Pace::default()
        };
        for _ in 0..2 {
            limiter().permit().await.ready(&pace).await;
        }
        let rest = limiter().permit().await.over_budget(&pace);
        let rest = rest.expect("a wait");
        assert!(rest > per / 2 && rest <= per, "{rest:?}");
    }
}
