//! What people want of a run while it goes: the part of the engine that answers them.

use super::engine::{Engine, RunError};
use super::event::{Event, Outcome, RunFact, Stop, UnitFact};
use super::state::Phase;
use super::wish::Wish;

impl Engine<'_> {
    pub(super) fn stop(&mut self, how: Stop) -> Result<(), RunError> {
        self.record(Event::Run(RunFact::StopAsked { how }))?;
        if how == Stop::Now {
            self.cancel.cancel();
        }
        Ok(())
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
