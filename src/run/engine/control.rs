//! What people want of a run while it goes: the part of the engine that answers them.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::run::engine::error::RunError;
use crate::run::engine::requests::Request;
use crate::run::engine::run_loop::Engine;
use crate::run::log::event::{Event, Outcome, RunFact, Stop, UnitFact};
use crate::run::log::state::Phase;
use crate::run::workspace::process_tags::ProcessTags;

/// A run that is to stop at once is over soon after this, whatever still goes on.
const STOP_WITHIN: Duration = Duration::from_millis(4_200);

impl Engine<'_> {
    pub(crate) fn stop(&mut self, how: Stop) -> Result<(), RunError> {
        self.record(Event::Run(RunFact::StopAsked { how }))?;
        if how == Stop::Now {
            self.cancel.cancel();
            self.deadline.get_or_insert(Instant::now() + STOP_WITHIN);
        }
        Ok(())
    }

    /// Leaves alone what does not let itself be stopped, such as git waiting for a filter. Whoever resumes the run finds
    /// it as after a kill.
    pub(crate) async fn give_up(&mut self) {
        self.deadline = Some(Instant::now() + STOP_WITHIN / 16);
        self.pipelines.abort_all();
        let marks = ProcessTags::of_run(&self.job.repo, &self.job.id);
        let ended = tokio::task::spawn_blocking(move || marks.end_strays());
        // They have been told; what does not end even so is not waited for.
        let _ = timeout(STOP_WITHIN / 16, ended).await;
    }

    /// Does what somebody at another terminal wants, where it still can be done.
    pub(crate) fn grant(&mut self, wish: Request) -> Result<(), RunError> {
        match wish {
            Request::Stop { how } => self.stop(how),
            Request::StopUnit { unit, by } => {
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
            Request::Skip { unit, by } => match self.state.unit(&unit) {
                Some(known) if known.phase == Phase::Waiting => {
                    let outcome = Outcome::Skipped { by };
                    self.record(Event::Unit(unit, UnitFact::Ended { outcome }))
                }
                _ => Ok(()),
            },
        }
    }
}
