//! How fast requests may follow each other, and how long a wait is worth it.
//!
//! Durations are values, so that tests need no waiting. Nothing here knows what the requests are.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard, mpsc};
use tokio::time::Instant;

use super::ledger::{Ledger, Page};
use crate::words;

/// A limit that is still there after so many waits will not go by waiting.
const MOST_WAITS: u32 = 10;

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
    /// How often one request is tried when network or server fail.
    pub attempts: u32,
    /// How many changes a server takes in which time, all together.
    pub budget: Option<Budget>,
}

/// So many changes in so much time.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    pub changes: usize,
    pub per: Duration,
}

/// A wait before the next request to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    pub host: String,
    pub time: Duration,
    pub why: Why,
}

/// What a wait is for, with the words of the server where it had any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The server wants it.
    Asked(String),
    /// The server or the way to it failed.
    Failed(String),
}

/// Where waits are told while they begin.
pub type Waits = mpsc::UnboundedSender<Wait>;

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = u64::try_from(self.time.as_millis()).unwrap_or(u64::MAX);
        let (host, time) = (&self.host, words::duration(ms));
        match &self.why {
            Why::Asked(why) => write!(f, "{host} asks to wait {time}: {}", words::line(why)),
            Why::Failed(why) => write!(f, "{host} is asked again in {time}: {}", words::line(why)),
        }
    }
}

impl Pace {
    /// The pace for the server at this host.
    #[must_use]
    pub fn of(host: &str) -> Self {
        // "In general, no more than 80 content-generating requests per minute and no more than 500 per hour"; others'
        // own servers have no such limits unless they set some.
        let limited = host == "github.com" || host.ends_with(".ghe.com");
        Self {
            budget: limited.then_some(Budget {
                changes: 480,
                per: Duration::from_hours(1),
            }),
            ..Self::default()
        }
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            spacing: Duration::from_secs(1),
            retry: Duration::from_secs(1),
            limit: Duration::from_mins(1),
            // A whole budget is full again after an hour.
            patience: Duration::from_mins(70),
            attempts: 5,
            budget: None,
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
        let (most, first) = match cause {
            Cause::Unclear => (self.pace.attempts, self.pace.retry),
            Cause::Limit => (MOST_WAITS, self.pace.limit),
        };
        if self.made >= most {
            return Err(GiveUp::TooOften);
        }
        let wait = told.unwrap_or(first.saturating_mul(1 << (self.made - 1).min(16)));
        self.waited = self.waited.saturating_add(wait);
        if self.waited > self.pace.patience {
            return Err(GiveUp::TooLong);
        }
        Ok(wait)
    }
}

/// Lets one change through at a time, and not too soon after those before.
#[derive(Debug, Default)]
pub(super) struct Gate {
    past: Mutex<Past>,
    /// What other processes send goes through the same gate.
    ledger: Option<Ledger>,
}

/// When changes were sent.
#[derive(Debug, Default)]
struct Past {
    last: Option<Instant>,
    /// Those that count against a budget, the oldest first.
    counted: VecDeque<Instant>,
}

/// The right to send changes, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    past: MutexGuard<'a, Past>,
    page: Option<Page>,
}

impl Gate {
    pub(super) fn kept(ledger: Ledger) -> Self {
        Self {
            past: Mutex::default(),
            ledger: Some(ledger),
        }
    }

    pub(super) async fn turn(&self) -> Turn<'_> {
        let mut past = self.past.lock().await;
        let page = match &self.ledger {
            Some(ledger) => ledger.turn().await,
            None => None,
        };
        let page = page.map(|(page, ages)| {
            past.recall(&ages);
            page
        });
        Turn { past, page }
    }
}

impl Past {
    /// Takes in how long ago changes were sent, by whomever, the oldest first.
    fn recall(&mut self, ages: &[Duration]) {
        let now = Instant::now();
        // A machine that has just been started knows no instant before.
        let sent = ages.iter().filter_map(|age| now.checked_sub(*age));
        self.counted = sent.collect();
        self.last = self.last.max(self.counted.back().copied());
    }
}

impl Turn<'_> {
    /// How long the budget keeps the next change back, if it does.
    pub(super) fn over_budget(&self, pace: &Pace) -> Option<Duration> {
        let budget = pace.budget?;
        let used = self.past.counted.len();
        let oldest = self.past.counted.get(used.checked_sub(budget.changes)?)?;
        let rest = (*oldest + budget.per).saturating_duration_since(Instant::now());
        (!rest.is_zero()).then_some(rest)
    }

    /// Waits until the next change may be sent.
    pub(super) async fn ready(&mut self, pace: &Pace) {
        if let Some(rest) = self.over_budget(pace) {
            tokio::time::sleep(rest).await;
        }
        if let Some(last) = self.past.last {
            tokio::time::sleep_until(last + pace.spacing).await;
        }
        self.count(pace);
        self.done();
    }

    /// The change was answered, or failed; the spacing counts from here.
    pub(super) fn done(&mut self) {
        self.past.last = Some(Instant::now());
    }

    fn count(&mut self, pace: &Pace) {
        if let Some(page) = &mut self.page {
            page.note();
        }
        if let Some(budget) = pace.budget {
            self.past.counted.push_back(Instant::now());
            if self.past.counted.len() > budget.changes {
                self.past.counted.pop_front();
            }
        }
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
        let long = Some(Duration::from_hours(2));
        assert_eq!(attempts.failed(Cause::Limit, long), Err(GiveUp::TooLong));
    }

    async fn time_of(changes: usize, pace: Pace) -> Duration {
        let gate = Gate::default();
        let start = Instant::now();
        for _ in 0..changes {
            let mut turn = gate.turn().await;
            turn.ready(&pace).await;
            turn.done();
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
    async fn the_budget_holds_for_another_process_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let gate = || Gate::kept(Ledger::at(folder.path().join("server")));
        let per = Duration::from_mins(10);
        let pace = Pace {
            spacing: Duration::ZERO,
            budget: Some(Budget { changes: 2, per }),
            ..Pace::default()
        };
        for _ in 0..2 {
            gate().turn().await.ready(&pace).await;
        }
        let rest = gate().turn().await.over_budget(&pace).expect("a wait");
        assert!(rest > per / 2 && rest <= per, "{rest:?}");
    }

    #[test]
    fn only_githubs_own_servers_have_a_budget() {
        assert!(Pace::of("github.com").budget.is_some());
        assert!(Pace::of("github.acme.test").budget.is_none());
    }
}
