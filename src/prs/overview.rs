//! The states of all pull requests of a run. Only a pull request that may have changed is read again.

use std::time::Duration;

use crate::forge::{ForgeError, PullRequestRef, PullRequestStatus};
use crate::prs::session::{Location, PrSession, PrStatus};
use crate::run::UnitState;

/// The shortest time between two readings.
const PAUSE: Duration = Duration::from_mins(1);

/// The server allows 5,000 requests an hour, reading one pull request takes five, and other programs need some, too.
const PAUSE_FOR_EACH: Duration = Duration::from_secs(5);

pub(crate) struct Overview {
    all: Vec<(UnitState, PullRequestRef)>,
    known: Vec<Option<PrStatus>>,
}

/// Takes the number of a pull request that cannot be read, with the reason.
pub(crate) type Unreadable<'a> = dyn FnMut(u64, &ForgeError) + 'a;

impl Overview {
    pub(crate) fn new(session: &PrSession) -> Self {
        let all = session.all();
        Self {
            known: vec![None; all.len()],
            all,
        }
    }

    /// Reads every pull request that is open or not known yet. Returns whether all could be read.
    pub(crate) async fn refresh(
        &mut self,
        session: &PrSession,
        unreadable: &mut Unreadable<'_>,
    ) -> bool {
        let is_open = |it: &PullRequestStatus| it.state.is_open();
        let read_all = self.read(session, is_open, unreadable).await;
        // A server begins to compute whether it can merge a pull request when it is asked for the first time.
        let is_unknown = |it: &PullRequestStatus| it.state.is_open() && it.mergeable.is_none();
        if session.location == Location::Server && read_all {
            self.read(session, is_unknown, unreadable).await;
        }
        read_all
    }

    async fn read(
        &mut self,
        session: &PrSession,
        may_have_changed: impl Fn(&PullRequestStatus) -> bool,
        unreadable: &mut Unreadable<'_>,
    ) -> bool {
        let mut read_all = true;
        for ((unit, pr), known) in self.all.iter().zip(&mut self.known) {
            if known
                .as_ref()
                .is_some_and(|known| !may_have_changed(&known.standing))
            {
                continue;
            }
            match session.status(unit, pr).await {
                Ok(found) => *known = Some(found),
                Err(error) => {
                    read_all = false;
                    unreadable(pr.number, &error);
                }
            }
        }
        read_all
    }

    /// Returns the pull requests that could be read, each unit after its needs.
    pub(crate) fn statuses(&self) -> Vec<&PrStatus> {
        self.known.iter().flatten().collect()
    }

    /// Counts the open pull requests.
    pub(crate) fn open(&self) -> usize {
        let statuses = self.known.iter().flatten();
        statuses.filter(|it| it.standing.state.is_open()).count()
    }

    /// Returns the wait before the next reading.
    pub(crate) fn pause(&self) -> Duration {
        let open = u32::try_from(self.open()).unwrap_or(u32::MAX);
        PAUSE.max(PAUSE_FOR_EACH.saturating_mul(open))
    }
}
