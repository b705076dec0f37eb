//! How fast a run opens pull requests, and how many of them are open at once: reviewers and continuous integration are
//! not to drown in what a machine can do in a minute.
//!
//! Units pass one at a time; one that waits for an owner of its files lets others pass meanwhile. Moments come in as values, and whether a pull request is still open is the forge's to say.

use std::fmt;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};

use crate::config::{PublishConfig, Rate};
use crate::forge::PullRequestRef;
use crate::plan::UnitId;
use crate::run::delivery::Delivery;
use crate::run::log::state::RunState;
use crate::words;

/// Lets units publish one after another, as fast as is wanted.
#[derive(Debug)]
pub(crate) struct PublishLimiter {
    pace: Option<Rate>,
    most_open: Option<usize>,
    most_per_owner: Option<usize>,
    most_pending: Option<usize>,
    known: Mutex<Known>,
}

/// What has passed already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Known {
    /// When the last pull request was opened, in milliseconds since 1970-01-01 UTC.
    last: Option<i64>,
    /// Those that are open as far as is known.
    open: Vec<Open>,
    /// Those whose checks run as far as is known, with the moment at which they were opened.
    pending: Vec<(PullRequestRef, i64)>,
}

/// One that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Open {
    which: PullRequestRef,
    owners: Vec<String>,
    /// When it was looked at last, for the sake of its owners, in milliseconds since 1970-01-01 UTC.
    looked: Option<i64>,
}

/// What has to come about before the next unit may publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PublishBlock {
    /// So much time has to pass.
    For(Duration),
    /// One of these has to be merged or closed.
    UntilClosed(Vec<PullRequestRef>),
    /// One of these, all of this owner, has to be merged or closed.
    UntilOwnerIsFree(String, Vec<PullRequestRef>),
    /// The checks of one of these have to end; with the moment at which it was opened.
    UntilChecked(Vec<(PullRequestRef, i64)>),
}

impl fmt::Display for PublishBlock {
    /// What the unit does meanwhile.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::For(time) => {
                let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                write!(f, "in {}", words::duration(ms))
            }
            Self::UntilClosed(open) => {
                write!(f, "waits until one of {} open is closed", open.len())
            }
            Self::UntilOwnerIsFree(owner, open) => {
                let (open, owner) = (open.len(), words::line(owner));
                write!(f, "waits until one of {open} open for {owner} is closed")
            }
            Self::UntilChecked(pending) => {
                write!(f, "waits until the checks of one of {} end", pending.len())
            }
        }
    }
}

/// The turn of one unit, until it is dropped.
#[derive(Debug)]
pub(crate) struct PublishPermit<'a> {
    valve: &'a PublishLimiter,
    /// Who owns the unit's files.
    owners: &'a [String],
    /// What it needs directly. It does not keep the unit back: a stack opens from below.
    needs: &'a [UnitId],
    known: MutexGuard<'a, Known>,
}

impl PublishLimiter {
    /// For a run that stands so; nothing where all may pass as they come.
    pub(crate) fn of(
        settings: &PublishConfig,
        delivery: &Delivery,
        state: &RunState,
    ) -> Option<Self> {
        let (pace, most_open) = (settings.pace, settings.max_open.map(usize::from));
        let most_per_owner = settings.max_open_per_owner.map(usize::from);
        // Nothing checks a page in this repository.
        let most_pending = settings
            .max_pending_checks
            .filter(|_| delivery.is_on_a_server())
            .map(usize::from);
        let most = [most_open, most_per_owner, most_pending];
        if pace.is_none() && most.iter().all(Option::is_none) {
            return None;
        }
        let opened = |unit: &crate::run::log::state::UnitState| {
            let link = unit.pull_request.as_ref()?;
            Some(PullRequestRef {
                unit: unit.header.id.to_string(),
                number: link.number,
            })
        };
        let since = |unit: &crate::run::log::state::UnitState| {
            let which = opened(unit)?;
            Some((which, unit.opened_at.unwrap_or_default()))
        };
        let open = |unit: &crate::run::log::state::UnitState| {
            Some(Open::new(opened(unit)?, &unit.header.owners))
        };
        Some(Self {
            pace,
            most_open,
            most_per_owner,
            most_pending,
            known: Mutex::new(Known {
                last: state.units.iter().filter_map(|unit| unit.opened_at).max(),
                open: state.units.iter().filter_map(open).collect(),
                pending: state.units.iter().filter_map(since).collect(),
            }),
        })
    }

    /// The next turn, for a unit with files of these owners that needs those others; units get theirs in the order in
    /// which they ask.
    pub(crate) async fn passage<'a>(
        &'a self,
        owners: &'a [String],
        needs: &'a [UnitId],
    ) -> PublishPermit<'a> {
        PublishPermit {
            valve: self,
            owners,
            needs,
            known: self.known.lock().await,
        }
    }

    /// The rules in words: `10/h, at most 4 open`.
    pub(crate) fn words(&self) -> String {
        let pace = self.pace.map(|pace| pace.to_string());
        let open = self.most_open.map(|most| format!("at most {most} open"));
        let owner = self.most_per_owner;
        let owner = owner.map(|most| format!("at most {most} open for one owner"));
        let pending = self.most_pending;
        let pending = pending.map(|most| format!("at most {most} with checks that run"));
        let rules: Vec<String> = pace
            .into_iter()
            .chain(open)
            .chain(owner)
            .chain(pending)
            .collect();
        rules.join(", ")
    }
}

impl Open {
    fn new(which: PullRequestRef, owners: &[String]) -> Self {
        Self {
            which,
            owners: owners.to_vec(),
            looked: None,
        }
    }

    /// Names on a forge are the same in capitals.
    fn is_of(&self, owner: &str) -> bool {
        self.owners.iter().any(|it| it.eq_ignore_ascii_case(owner))
    }
}

impl PublishPermit<'_> {
    /// What keeps the unit back, if anything does; first what keeps it alone.
    pub(crate) fn hold(&self, now: i64) -> Option<PublishBlock> {
        if let Some(most) = self.valve.most_per_owner {
            for owner in self.owners {
                let its = self.others().filter(|open| open.is_of(owner));
                let its: Vec<PullRequestRef> = its.map(|open| open.which.clone()).collect();
                if its.len() >= most {
                    return Some(PublishBlock::UntilOwnerIsFree(owner.clone(), its));
                }
            }
        }
        if let (Some(pace), Some(last)) = (self.valve.pace, self.known.last) {
            // A clock that was set back must not keep anybody waiting for ever.
            let since =
                u64::try_from(now.saturating_sub(last)).map_or(pace.each(), Duration::from_millis);
            if let Some(rest) = pace.each().checked_sub(since).filter(|it| !it.is_zero()) {
                return Some(PublishBlock::For(rest));
            }
        }
        if let Some(most) = self.valve.most_open {
            let open: Vec<PullRequestRef> = self.others().map(|open| open.which.clone()).collect();
            if open.len() >= most {
                return Some(PublishBlock::UntilClosed(open));
            }
        }
        let pending = &self.known.pending;
        self.valve
            .most_pending
            .is_some_and(|most| pending.len() >= most)
            .then(|| PublishBlock::UntilChecked(pending.clone()))
    }

    /// Those that are open beside what the unit stands on.
    fn others(&self) -> impl Iterator<Item = &Open> {
        let is_needed = |open: &Open| self.needs.iter().any(|it| it.as_str() == open.which.unit);
        self.known.open.iter().filter(move |open| !is_needed(open))
    }

    /// Whether nobody looked at that one for so long; from now on, somebody has. Several units may wait for it.
    pub(crate) fn is_due(&mut self, which: &PullRequestRef, now: i64, every: Duration) -> bool {
        let Some(open) = self.known.open.iter_mut().find(|it| it.which == *which) else {
            return false;
        };
        let since = |then: i64| u64::try_from(now.saturating_sub(then)).unwrap_or(u64::MAX);
        let is_due = open
            .looked
            .is_none_or(|then| Duration::from_millis(since(then)) >= every);
        if is_due {
            open.looked = Some(now);
        }
        is_due
    }

    /// The checks of that one run no longer.
    pub(crate) fn checked(&mut self, which: &PullRequestRef) {
        self.known.pending.retain(|(pending, _)| pending != which);
    }

    /// That one is open no longer.
    pub(crate) fn closed(&mut self, which: &PullRequestRef) {
        self.known.open.retain(|open| open.which != *which);
    }

    /// The unit's own is open now.
    pub(crate) fn opened(&mut self, which: PullRequestRef, now: i64) {
        self.known.last = Some(now);
        if !self.known.open.iter().any(|open| open.which == which) {
            self.known.pending.push((which.clone(), now));
            let open = Open::new(which, self.owners);
            self.known.open.push(open);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn which(number: u64) -> PullRequestRef {
        PullRequestRef {
            unit: format!("u{number}"),
            number,
        }
    }

    fn valve(pace: Option<&str>, most_open: Option<usize>) -> PublishLimiter {
        PublishLimiter {
            pace: pace.map(|pace| pace.parse().unwrap()),
            most_open,
            most_per_owner: None,
            most_pending: None,
            known: Mutex::default(),
        }
    }

    #[tokio::test]
    async fn a_pace_spreads_pull_requests_over_its_time() {
        let valve = valve(Some("10/h"), None);
        let mut passage = valve.passage(&[], &[]).await;
        assert_eq!(passage.hold(0), None);
        passage.opened(which(1), 1_000);
        let rest = Duration::from_secs(359);
        assert_eq!(passage.hold(2_000), Some(PublishBlock::For(rest)));
        assert_eq!(passage.hold(361_000), None);
        // The clock was set back.
        assert_eq!(passage.hold(0), None);
    }

    #[tokio::test]
    async fn as_many_are_open_as_are_wanted() {
        let valve = valve(None, Some(2));
        let mut passage = valve.passage(&[], &[]).await;
        passage.opened(which(1), 0);
        passage.opened(which(1), 0);
        assert_eq!(passage.hold(0), None);
        passage.opened(which(2), 0);
        let open = vec![which(1), which(2)];
        assert_eq!(passage.hold(0), Some(PublishBlock::UntilClosed(open)));
        passage.closed(&which(1));
        assert_eq!(passage.hold(0), None);
    }

    #[tokio::test]
    async fn what_a_unit_needs_does_not_keep_it_back() {
        let valve = PublishLimiter {
            most_per_owner: Some(1),
            ..valve(None, Some(1))
        };
        let owners = ["@ada".to_owned()];
        let needs = [UnitId::parse("u1").unwrap()];
        valve.passage(&owners, &[]).await.opened(which(1), 0);
        let mut passage = valve.passage(&owners, &needs).await;
        assert_eq!(passage.hold(0), None);
        passage.opened(which(2), 0);
        let others = PublishBlock::UntilOwnerIsFree("@ada".to_owned(), vec![which(2)]);
        assert_eq!(passage.hold(0), Some(others));
        drop(passage);
        let others = PublishBlock::UntilClosed(vec![which(2)]);
        assert_eq!(valve.passage(&[], &needs).await.hold(0), Some(others));
    }

    #[tokio::test]
    async fn as_many_have_checks_that_run_as_are_wanted() {
        let valve = PublishLimiter {
            most_pending: Some(1),
            ..valve(None, None)
        };
        let mut passage = valve.passage(&[], &[]).await;
        assert_eq!(passage.hold(0), None);
        passage.opened(which(1), 7);
        let pending = vec![(which(1), 7)];
        assert_eq!(passage.hold(8), Some(PublishBlock::UntilChecked(pending)));
        passage.checked(&which(1));
        assert_eq!(passage.hold(8), None);
    }

    #[tokio::test]
    async fn who_waits_for_an_owner_keeps_back_only_what_is_that_owners() {
        let valve = PublishLimiter {
            most_per_owner: Some(1),
            ..valve(None, None)
        };
        let owners = |names: &[&str]| -> Vec<String> {
            names.iter().map(|name| (*name).to_owned()).collect()
        };
        let (ada, both, eve) = (
            owners(&["@ada"]),
            owners(&["@eve", "@Ada"]),
            owners(&["@eve"]),
        );
        valve.passage(&ada, &[]).await.opened(which(1), 0);
        let mut passage = valve.passage(&both, &[]).await;
        let hold = PublishBlock::UntilOwnerIsFree("@Ada".to_owned(), vec![which(1)]);
        assert_eq!(passage.hold(0), Some(hold));
        let second = Duration::from_secs(1);
        assert!(passage.is_due(&which(1), 0, second));
        assert!(!passage.is_due(&which(1), 999, second));
        assert!(passage.is_due(&which(1), 1_000, second));
        drop(passage);
        assert_eq!(valve.passage(&eve, &[]).await.hold(0), None);
        assert_eq!(valve.passage(&[], &[]).await.hold(0), None);
        let mut passage = valve.passage(&both, &[]).await;
        passage.closed(&which(1));
        assert_eq!(passage.hold(0), None);
    }

    #[test]
    fn the_rules_are_told_in_words() {
        assert_eq!(valve(Some("10/h"), Some(4)).words(), "10/h, at most 4 open");
    }
}
