//! What people want of a run while it goes: the part of the engine that answers them.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::engine::Engine;
use super::error::RunError;
use super::event::{Event, Outcome, RunFact, Stop, UnitFact};
use super::marks::Marks;
use super::state::Phase;
use super::wish::Wish;

/// A run that is to stop at once is over soon after this, whatever still goes on.
const STOP_WITHIN: Duration = Duration::from_millis(4_200);

impl Engine<'_> {
    pub(super) fn stop(&mut self, how: Stop) -> Result<(), RunError> {
        self.record(Event::Run(RunFact::StopAsked { how }))?;
        if how == Stop::Now {
            self.cancel.cancel();
            self.deadline.get_or_insert(Instant::now() + STOP_WITHIN);
        }
        Ok(())
    }

    /// Leaves alone what does not let itself be stopped, such as git waiting for a filter. Whoever resumes the run finds
    /// it as after a kill.
    pub(super) async fn give_up(&mut self) {
        self.deadline = Some(Instant::now() + STOP_WITHIN / 16);
        self.pipelines.abort_all();
        let marks = Marks::of_run(&self.job.repo, &self.job.id);
        let ended = tokio::task::spawn_blocking(move || marks.end_strays());
        // They have been told; what does not end even so is not waited for.
        let _ = timeout(STOP_WITHIN / 16, ended).await;
    }

    /// Does what somebody at another terminal wants, where it still can be done.
    pub(super) fn grant(&mut self, wish: Wish) -> Result<(), RunError> {
        match wish {
            Wish::Stop { how } => self.stop(how),
            Wish::StopUnit { unit, by } => {
                let phase = self.state.unit(&unit).map(|unit| unit.phase.clone());
                match phase {
                    None | Some(Phase::Ended(_)) => Ok(()),
                    Some(Phase::Waiting) => {
                        self.record(Event::Unit(unit.clone(), UnitFact::StopAsked { by }))?;
                        let outcome = Outcome::Stopped;
                        self.record(Event::Unit(unit, UnitFact::Ended { outcome }))
                    }
                    Some(Phase::Running { .. }) => {
                        self.record(Event::Unit(unit.clone(), UnitFact::StopAsked { by }))?;
                        let number = self.number(&unit);
                        for running in &self.running {
                            if Some(running.unit) == number {
                                running.cancel.cancel();
                            }
                        }
                        Ok(())
                    }
                }
            }
            Wish::Skip { unit, by } => match self.state.unit(&unit) {
                Some(known) if known.phase == Phase::Waiting => {
                    let outcome = Outcome::Skipped { by };
                    self.record(Event::Unit(unit, UnitFact::Ended { outcome }))
                }
                _ => Ok(()),
            },
        }
    }
}
