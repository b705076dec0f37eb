//! The fold of a division: the unit keeps a part of its claim and goes on with it, and the rest becomes further units.

use crate::plan::UnitId;
use crate::run::log::division::{DividedClaim, DividedInto, part_of};
use crate::run::log::run_fact::Division;
use crate::run::log::run_state::RunState;
use crate::run::log::unit_state::{Phase, UnitState};

impl RunState {
    /// Takes in a division: what needs the divided unit needs its parts, too.
    pub(super) fn divide(&mut self, division: &Division) {
        let parts: Vec<UnitId> = division
            .parts
            .iter()
            .map(|part| part.header.id.clone())
            .collect();
        let Some(place) = self
            .units
            .iter()
            .position(|unit| unit.header.id == division.unit)
        else {
            return;
        };
        self.units[place].keep(division, &parts);
        let whole = self.units[place].clone();
        for unit in &mut self.units {
            let stands_on = unit.stands_on.contains(&division.unit);
            if unit.header.needs.contains(&division.unit) && !stands_on {
                unit.header.needs.extend(parts.iter().cloned());
            }
        }
        for part in &division.parts {
            let mut unit = UnitState::new(part.header.clone());
            unit.agent.clone_from(&whole.agent);
            unit.amendment = whole.amendment.clone();
            unit.claim = Some(DividedClaim {
                files: part.claims.clone(),
                from: Some(division.unit.clone()),
            });
            self.units.push(unit);
        }
    }
}

impl UnitState {
    /// Keeps a part of the claim, with the work on it, and puts the unit back in line.
    fn keep(&mut self, division: &Division, parts: &[UnitId]) {
        let files = self.header.files.max(1);
        let kept = division.keeps.len();
        self.header.lines = part_of(self.header.lines, kept, files);
        self.header.files = kept;
        let from = self.claim.take().and_then(|claim| claim.from);
        self.claim = Some(DividedClaim {
            files: division.keeps.clone(),
            from,
        });
        self.divided = Some(DividedInto {
            reason: division.reason.clone(),
            units: parts.to_vec(),
        });
        self.phase = Phase::Waiting;
        self.interruption = None;
        // What the session holds is too much for the agent.
        self.attempt.session = None;
        self.attempt.summary = None;
        self.attempt.agent_took_ms = division.took_ms;
        self.attempt.is_divided = division.took_ms.is_some();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::log::event::{Event, Recorded};
    use crate::run::log::run_fact::{RunFact, UnitPart};
    use crate::run::log::run_id::RunId;
    use crate::run::log::sample;

    #[test]
    fn who_needs_a_divided_unit_needs_its_parts_and_the_files_only_move() {
        let mut headers = ["01-a", "02-b"].map(sample::unit).to_vec();
        headers[0].files = 4;
        headers[0].lines = 40;
        headers[1].needs = vec![headers[0].id.clone()];
        let mut state = RunState::start(RunId::from_journal("r"), sample::header(headers), 0);
        let mut part = sample::unit("01-a-2");
        part.files = 3;
        let division = Division {
            unit: UnitId::parse("01-a").unwrap(),
            reason: "r".into(),
            keeps: vec!["a".into()],
            took_ms: Some(5),
            parts: vec![UnitPart {
                header: part,
                claims: vec!["b".into(), "c".into(), "d".into()],
            }],
        };
        let event = Event::Run(RunFact::UnitDivided(Box::new(division)));
        let at = 1;
        state.apply(&Recorded { seq: 1, at, event });
        assert_eq!(state.units[0].header.files, 1);
        assert_eq!(state.units[0].header.lines, 10);
        assert_eq!(state.units[0].attempt.agent_took_ms, Some(5));
        let needs: Vec<&str> = state.units[1]
            .header
            .needs
            .iter()
            .map(UnitId::as_str)
            .collect();
        assert_eq!(needs, ["01-a", "01-a-2"]);
        assert_eq!(state.units[2].phase, Phase::Waiting);
        assert_eq!(state.units[2].claim.as_ref().unwrap().files.len(), 3);
    }
}
