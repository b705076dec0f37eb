//! Follows a run from another terminal: reads the new events of its journal until its end.

use std::time::Duration;

use crate::journal::Journal;
use crate::progress::{self, Display};
use crate::run::{self, KnownRun, Liveness, Places, RecordError, Recorded, RunState};

/// The pause between two looks at the journal. A person does not notice it.
const LOOK: Duration = Duration::from_millis(100);

/// Reads a run's events as they are written.
pub(super) struct Follower {
    journal: Journal,
    places: Places,
    pub(super) state: RunState,
    /// The last event that was read.
    seq: u64,
}

impl Follower {
    /// Makes a follower that has read no event yet.
    pub(super) fn new(known: &KnownRun) -> anyhow::Result<Self> {
        let id = &known.state.id;
        let journal = Journal::read(&known.places.journal())?.ok_or(RecordError::NoRun)?;
        let header = known.state.header.clone();
        Ok(Self {
            journal,
            places: known.places.clone(),
            state: RunState::start(id.clone(), header, known.state.started_at),
            seq: 0,
        })
    }

    /// Checks whether the run is over. Events that were written before this call may still be unread.
    pub(super) fn is_over(&self) -> anyhow::Result<bool> {
        Ok(Liveness::of(&self.places, &self.state)? != Liveness::Going)
    }

    /// Reads the new events, and shows each after the state has taken it in.
    pub(super) fn catch_up(
        &mut self,
        mut show: impl FnMut(&Recorded, &RunState),
    ) -> anyhow::Result<()> {
        for event in run::events_after(&self.journal, &self.state.id, self.seq)? {
            self.seq = event.seq;
            self.state.apply(&event);
            show(&event, &self.state);
        }
        Ok(())
    }
}

/// Waits until the next look at the journal.
pub(super) fn pause() {
    std::thread::sleep(LOOK);
}

/// Shows the run until its end, in this form. Bars start from the present state; lines show all events from the start.
pub(super) fn watch(known: &KnownRun, display: Display) -> anyhow::Result<()> {
    let mut follower = Follower::new(known)?;
    let mut progress = progress::start(display);
    if display == Display::Bars {
        let mut last = None;
        follower.catch_up(|event, _| last = Some(event.clone()))?;
        if let Some(last) = last {
            progress.event(
                &Recorded {
                    at: run::now(),
                    ..last
                },
                &follower.state,
            );
        }
    }
    loop {
        let over = follower.is_over()?;
        follower.catch_up(|event, state| progress.event(event, state))?;
        if over {
            break;
        }
        pause();
    }
    progress.finish();
    Ok(())
}
