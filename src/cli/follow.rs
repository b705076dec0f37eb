//! A run seen from another terminal while it goes: what is new in its journal, until its end.

use std::time::Duration;

use crate::journal::Journal;
use crate::progress::{self, Display};
use crate::run::{self, KnownRun, Liveness, Places, RecordError, Recorded, RunState};

/// How often the journal is asked; a person does not notice.
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
    /// Stands at the run's first event.
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

    /// Whether nothing more will happen. What was written before this was asked is still to be read.
    pub(super) fn is_over(&self) -> anyhow::Result<bool> {
        Ok(Liveness::of(&self.places, &self.state)? != Liveness::Going)
    }

    /// Takes in what is new, and shows each event when the state has it.
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

/// Until it is worth looking again.
pub(super) fn pause() {
    std::thread::sleep(LOOK);
}

/// Shows the run until its end, in this form. Bars begin with how it stands; lines tell all that has happened.
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
