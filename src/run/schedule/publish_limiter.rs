//! How fast a run opens pull requests, and how many of them are open at once, so that reviewers and continuous
//! integration keep up.
//!
//! Everything here is a pure decision over values: moments come in as numbers, and the forge says whether a pull
//! request is still open.

use std::fmt;
use std::time::Duration;

use crate::config::{PublishConfig, Rate};
use crate::forge::PullRequestRef;
use crate::plan::UnitId;
use crate::run::log::run_state::RunState;
use crate::run::log::unit_state::UnitState;
use crate::words;

/// The limits on publishing that the settings ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PublishLimits {
    pace: Option<Rate>,
    most_open: Option<usize>,
    most_per_owner: Option<usize>,
    most_pending: Option<usize>,
}

/// The pull requests that a run has opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PublishHistory {
    /// When the last pull request was opened, in milliseconds since 1970-01-01 UTC.
    last: Option<i64>,
    /// The pull requests that are open, as far as is known.
    open: Vec<OpenPullRequest>,
    /// The pull requests whose checks run, as far as is known, with the moment when each was opened.
    pending: Vec<(PullRequestRef, i64)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct OpenPullRequest {
    pull_request: PullRequestRef,
    owners: Vec<String>,
    /// When a unit last looked at it for the sake of an owner, in milliseconds since 1970-01-01 UTC.
    looked: Option<i64>,
}

/// A unit that wants to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublishRequest {
    /// The owners of the unit's files.
    pub(crate) owners: Vec<String>,
    /// The units that it needs directly. Their pull requests do not block it, because a stack opens from below.
    pub(crate) needs: Vec<UnitId>,
}

/// Why a unit may not publish yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PublishBlock {
    /// So much time has to pass.
    For(Duration),
    /// One of these pull requests has to be merged or closed.
    UntilClosed(Vec<PullRequestRef>),
    /// One of these pull requests, all with files of this owner, has to be merged or closed.
    UntilOwnerIsFree(String, Vec<PullRequestRef>),
    /// The checks of one of these pull requests have to end; each has the moment when it was opened.
    UntilChecked(Vec<(PullRequestRef, i64)>),
}

impl fmt::Display for PublishBlock {
    /// Writes what the unit waits for.
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

impl PublishLimits {
    /// Reads the limits; `None` where the settings set none. Only a server checks pull requests.
    pub(crate) fn of(settings: &PublishConfig, is_on_a_server: bool) -> Option<Self> {
        let limits = Self {
            pace: settings.pace,
            most_open: settings.max_open.map(usize::from),
            most_per_owner: settings.max_open_per_owner.map(usize::from),
            most_pending: settings
                .max_pending_checks
                .filter(|_| is_on_a_server)
                .map(usize::from),
        };
        (limits != Self::default()).then_some(limits)
    }

    /// Says why a unit may not publish yet: first what blocks this unit alone.
    pub(crate) fn block(
        &self,
        history: &PublishHistory,
        request: &PublishRequest,
        now: i64,
    ) -> Option<PublishBlock> {
        if let Some(block) = self.owner_block(history, request) {
            return Some(block);
        }
        if let (Some(pace), Some(last)) = (self.pace, history.last) {
            // A clock that was set back must not block a unit for ever.
            let since = u64::try_from(now.saturating_sub(last))
                .map_or(pace.interval(), Duration::from_millis);
            if let Some(rest) = pace
                .interval()
                .checked_sub(since)
                .filter(|it| !it.is_zero())
            {
                return Some(PublishBlock::For(rest));
            }
        }
        if let Some(most) = self.most_open {
            let open: Vec<PullRequestRef> = history
                .others(request)
                .map(|open| open.pull_request.clone())
                .collect();
            if open.len() >= most {
                return Some(PublishBlock::UntilClosed(open));
            }
        }
        self.most_pending
            .is_some_and(|most| history.pending.len() >= most)
            .then(|| PublishBlock::UntilChecked(history.pending.clone()))
    }

    /// Says which owner has as many open pull requests as one owner may have.
    pub(crate) fn owner_block(
        &self,
        history: &PublishHistory,
        request: &PublishRequest,
    ) -> Option<PublishBlock> {
        let most = self.most_per_owner?;
        request.owners.iter().find_map(|owner| {
            let open: Vec<PullRequestRef> = history
                .others(request)
                .filter(|open| open.is_of(owner))
                .map(|open| open.pull_request.clone())
                .collect();
            (open.len() >= most).then(|| PublishBlock::UntilOwnerIsFree(owner.clone(), open))
        })
    }

    /// Returns the limits in words: `10/h, at most 4 open`.
    pub(crate) fn words(&self) -> String {
        let pace = self.pace.map(|pace| pace.to_string());
        let open = self.most_open.map(|most| format!("at most {most} open"));
        let owner = self.most_per_owner;
        let owner = owner.map(|most| format!("at most {most} open for one owner"));
        let pending = self.most_pending;
        let pending = pending.map(|most| format!("at most {most} with checks that run"));
        let limits: Vec<String> = [pace, open, owner, pending].into_iter().flatten().collect();
        limits.join(", ")
    }
}

impl OpenPullRequest {
    fn new(pull_request: PullRequestRef, owners: &[String]) -> Self {
        Self {
            pull_request,
            owners: owners.to_vec(),
            looked: None,
        }
    }

    /// A forge ignores case in names.
    fn is_of(&self, owner: &str) -> bool {
        self.owners.iter().any(|it| it.eq_ignore_ascii_case(owner))
    }
}

impl PublishHistory {
    /// Returns what the run has opened so far.
    pub(crate) fn of(state: &RunState) -> Self {
        let opened = |unit: &UnitState| {
            let link = unit.publication.pull_request.as_ref()?;
            Some(PullRequestRef {
                unit: unit.header.id.to_string(),
                number: link.number,
            })
        };
        let since = |unit: &UnitState| {
            let opened_at = unit.publication.opened_at.unwrap_or_default();
            Some((opened(unit)?, opened_at))
        };
        let open =
            |unit: &UnitState| Some(OpenPullRequest::new(opened(unit)?, &unit.header.owners));
        let units = || state.units.iter();
        Self {
            last: units().filter_map(|unit| unit.publication.opened_at).max(),
            open: units().filter_map(open).collect(),
            pending: units().filter_map(since).collect(),
        }
    }

    /// Returns the pull requests that are open, without those of the units that the request needs.
    fn others(&self, request: &PublishRequest) -> impl Iterator<Item = &OpenPullRequest> {
        let is_needed = |open: &OpenPullRequest| {
            let mut needs = request.needs.iter();
            needs.any(|need| need.as_str() == open.pull_request.unit)
        };
        self.open.iter().filter(move |open| !is_needed(open))
    }

    /// Checks whether no unit has looked at the pull request for so long, and records that one does now. Several units
    /// may wait for the same pull request.
    pub(crate) fn is_due(
        &mut self,
        pull_request: &PullRequestRef,
        now: i64,
        every: Duration,
    ) -> bool {
        let is_it = |open: &&mut OpenPullRequest| open.pull_request == *pull_request;
        let Some(open) = self.open.iter_mut().find(is_it) else {
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

    /// Records that no check of the pull request runs any more.
    pub(crate) fn checked(&mut self, pull_request: &PullRequestRef) {
        self.pending.retain(|(pending, _)| pending != pull_request);
    }

    /// Records that the pull request is merged or closed.
    pub(crate) fn closed(&mut self, pull_request: &PullRequestRef) {
        self.open.retain(|open| open.pull_request != *pull_request);
    }

    /// Records that a unit's pull request is open.
    pub(crate) fn opened(&mut self, pull_request: PullRequestRef, owners: &[String], now: i64) {
        self.last = Some(now);
        if !self
            .open
            .iter()
            .any(|open| open.pull_request == pull_request)
        {
            self.pending.push((pull_request.clone(), now));
            self.open.push(OpenPullRequest::new(pull_request, owners));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pull_request(number: u64) -> PullRequestRef {
        PullRequestRef {
            unit: format!("u{number}"),
            number,
        }
    }

    fn request(owners: &[&str], needs: &[&str]) -> PublishRequest {
        PublishRequest {
            owners: owners.iter().map(|owner| (*owner).to_owned()).collect(),
            needs: needs
                .iter()
                .map(|need| UnitId::parse(need).unwrap())
                .collect(),
        }
    }

    fn limits(pace: Option<&str>, most_open: Option<usize>) -> PublishLimits {
        PublishLimits {
            pace: pace.map(|pace| pace.parse().unwrap()),
            most_open,
            ..PublishLimits::default()
        }
    }

    fn open(history: &mut PublishHistory, number: u64, owners: &[&str], now: i64) {
        let owners = request(owners, &[]).owners;
        history.opened(pull_request(number), &owners, now);
    }

    #[test]
    fn a_pace_spreads_pull_requests_over_its_time() {
        let limits = limits(Some("10/h"), None);
        let mut history = PublishHistory::default();
        let any = request(&[], &[]);
        assert_eq!(limits.block(&history, &any, 0), None);
        open(&mut history, 1, &[], 1_000);
        let rest = Duration::from_secs(359);
        let block = limits.block(&history, &any, 2_000);
        assert_eq!(block, Some(PublishBlock::For(rest)));
        assert_eq!(limits.block(&history, &any, 361_000), None);
        // The clock was set back.
        assert_eq!(limits.block(&history, &any, 0), None);
    }

    #[test]
    fn no_more_pull_requests_are_open_than_wanted() {
        let limits = limits(None, Some(2));
        let mut history = PublishHistory::default();
        let any = request(&[], &[]);
        open(&mut history, 1, &[], 0);
        open(&mut history, 1, &[], 0);
        assert_eq!(limits.block(&history, &any, 0), None);
        open(&mut history, 2, &[], 0);
        let two = vec![pull_request(1), pull_request(2)];
        let block = limits.block(&history, &any, 0);
        assert_eq!(block, Some(PublishBlock::UntilClosed(two)));
        history.closed(&pull_request(1));
        assert_eq!(limits.block(&history, &any, 0), None);
    }

    #[test]
    fn the_pull_request_of_a_needed_unit_does_not_block() {
        let limits = PublishLimits {
            most_per_owner: Some(1),
            ..limits(None, Some(1))
        };
        let mut history = PublishHistory::default();
        open(&mut history, 1, &["@ada"], 0);
        let owned = request(&["@ada"], &["u1"]);
        assert_eq!(limits.block(&history, &owned, 0), None);
        open(&mut history, 2, &["@ada"], 0);
        let second = vec![pull_request(2)];
        let block = PublishBlock::UntilOwnerIsFree("@ada".to_owned(), second.clone());
        assert_eq!(limits.block(&history, &owned, 0), Some(block));
        let unowned = request(&[], &["u1"]);
        let block = PublishBlock::UntilClosed(second);
        assert_eq!(limits.block(&history, &unowned, 0), Some(block));
    }

    #[test]
    fn no_more_pull_requests_have_running_checks_than_wanted() {
        let limits = PublishLimits {
            most_pending: Some(1),
            ..PublishLimits::default()
        };
        let mut history = PublishHistory::default();
        let any = request(&[], &[]);
        assert_eq!(limits.block(&history, &any, 0), None);
        open(&mut history, 1, &[], 7);
        let pending = vec![(pull_request(1), 7)];
        let block = limits.block(&history, &any, 8);
        assert_eq!(block, Some(PublishBlock::UntilChecked(pending)));
        history.checked(&pull_request(1));
        assert_eq!(limits.block(&history, &any, 8), None);
    }

    #[test]
    fn a_busy_owner_blocks_only_units_with_files_of_that_owner() {
        let limits = PublishLimits {
            most_per_owner: Some(1),
            ..PublishLimits::default()
        };
        let mut history = PublishHistory::default();
        let both = request(&["@eve", "@Ada"], &[]);
        open(&mut history, 1, &["@ada"], 0);
        let block = PublishBlock::UntilOwnerIsFree("@Ada".to_owned(), vec![pull_request(1)]);
        assert_eq!(limits.block(&history, &both, 0), Some(block));
        let second = Duration::from_secs(1);
        assert!(history.is_due(&pull_request(1), 0, second));
        assert!(!history.is_due(&pull_request(1), 999, second));
        assert!(history.is_due(&pull_request(1), 1_000, second));
        assert_eq!(limits.block(&history, &request(&["@eve"], &[]), 0), None);
        assert_eq!(limits.block(&history, &request(&[], &[]), 0), None);
        history.closed(&pull_request(1));
        assert_eq!(limits.block(&history, &both, 0), None);
    }

    #[test]
    fn limits_are_shown_in_words() {
        assert_eq!(
            limits(Some("10/h"), Some(4)).words(),
            "10/h, at most 4 open"
        );
    }
}
