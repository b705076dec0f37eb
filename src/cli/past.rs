//! What earlier runs in this repository tell of a plan: how long it may take. Where they tell nothing, nothing is said.

use std::collections::BTreeMap;

use super::review::CourseLine;
use crate::journal::Journal;
use crate::plan::{Plan, Unit, UnitId, forecast};
use crate::run::{self, Outcome, Phase, Places, RunId, UnitAgents};
use crate::words;

/// So many of the latest runs are looked at; older ones were of other machines, checks and agents.
const RUNS: usize = 30;

/// With less work than this in a unit, what is done around it weighs as much.
const WORTH_WHILE: u64 = 30_000;

/// How long units of earlier runs took.
pub(super) struct Past {
    /// Who did the work, and the milliseconds.
    took: Vec<(String, u64)>,
}

impl Past {
    /// Reads the journal. One that is not there, or cannot be read, tells nothing.
    pub(super) fn read(places: &Places) -> Self {
        let mut took = Vec::new();
        let journal = Journal::read(&places.journal()).ok().flatten();
        let runs = journal.as_ref().and_then(|journal| journal.runs().ok());
        for id in runs.unwrap_or_default().iter().take(RUNS) {
            let state = journal
                .as_ref()
                .and_then(|journal| run::load(journal, &RunId::from_journal(id)).ok());
            let Some(state) = state else { continue };
            for unit in &state.units {
                let Phase::Ended(Outcome::Published | Outcome::Committed) = unit.phase else {
                    continue;
                };
                took.extend(
                    unit.took_ms(0)
                        .map(|ms| (state.agent_of(unit).to_string(), ms)),
                );
            }
        }
        Self { took }
    }

    /// What to expect of a plan that these agents work on, in as many lines as there is something to say.
    pub(super) fn expect(&self, plan: &Plan, staff: &UnitAgents, jobs: usize) -> Vec<CourseLine> {
        let mut kinds: Vec<&str> = staff.iter().map(kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let usual = |kind| Some((kind, self.usual(kind)?));
        let Some(usual) = kinds.into_iter().map(usual).collect::<Option<Vec<_>>>() else {
            return Vec::new();
        };
        let of = |agent| usual.iter().find(|(known, _)| *known == kind(agent));
        let takes: BTreeMap<&UnitId, u64> = plan
            .units
            .iter()
            .zip(staff.iter())
            .filter_map(|(unit, agent)| Some((&unit.id, of(agent)?.1.takes)))
            .collect();
        let takes = |unit: &Unit| takes.get(&unit.id).copied().unwrap_or_default();
        let Ok(foreseen) = forecast(&plan.units, takes, jobs) else {
            return Vec::new();
        };
        let units = plan.units.len();
        let each: Vec<String> = usual
            .iter()
            .map(|(kind, Usual { takes, of })| {
                let takes = words::duration(*takes);
                let said = format!("{takes} a unit, by {} before", words::count(*of, "unit"));
                match usual.len() {
                    1 => said,
                    _ => format!("{kind} {said}"),
                }
            })
            .collect();
        let mut lines = vec![(
            "time",
            format!(
                "about {} at -j {jobs}, {} one after another ({})",
                words::duration(foreseen.concurrent),
                words::duration(foreseen.serial),
                each.join("; "),
            ),
        )];
        if foreseen.critical_path.len() > 1 {
            let chain: Vec<&str> = foreseen.critical_path.iter().map(UnitId::as_str).collect();
            lines.push((
                "chain",
                format!(
                    "{} at least: {}",
                    words::duration(foreseen.critical_path_time),
                    chain.join(" → ")
                ),
            ));
        }
        let is_short = usual.iter().all(|(_, usual)| usual.takes < WORTH_WHILE);
        if units > 1 && jobs > 1 && is_short {
            let words = "little by several at once, as a unit takes less than 30s";
            lines.push(("gain", words.to_owned()));
        }
        lines
    }

    /// What a unit took that this kind of agent did.
    fn usual(&self, agent: &str) -> Option<Usual> {
        let took = self.took.iter();
        let mut alike: Vec<u64> = took
            .filter(|(other, _)| kind(other) == agent)
            .map(|(_, ms)| *ms)
            .collect();
        alike.sort_unstable();
        Some(Usual {
            takes: *alike.get(alike.len() / 2)?,
            of: alike.len(),
        })
    }
}

/// The milliseconds that a unit usually takes, as so many units have shown.
struct Usual {
    takes: u64,
    of: usize,
}

/// What of an agent's description decides how long it takes: the built-in one is as fast with any pattern, a model is
/// not told apart, and a command is itself.
fn kind(agent: &str) -> &str {
    if agent.starts_with("command:") {
        return agent;
    }
    agent.split([':', ' ']).next().unwrap_or(agent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::review::sample;

    fn expected(took: &[(&str, u64)], agents: &[&str], jobs: usize) -> String {
        let took = took.iter().map(|(agent, ms)| ((*agent).to_owned(), *ms));
        let past = Past {
            took: took.collect(),
        };
        let plan = sample::plan();
        let agents = agents.iter().cycle().take(plan.units.len());
        let staff = agents.map(|agent| (*agent).to_owned()).collect();
        let lines = past.expect(&plan, &staff, jobs);
        let lines: Vec<String> = lines
            .iter()
            .map(|(word, said)| format!("{word}: {said}"))
            .collect();
        lines.join("\n")
    }

    #[test]
    fn what_earlier_units_of_the_same_agent_took_is_expected_again() {
        let took = [
            ("claude (x)", 90_000),
            ("claude (y)", 60_000),
            ("claude", 2_000),
            ("codemod: a", 5),
        ];
        insta::assert_snapshot!(expected(&took, &["claude (z)"], 2), @r#"
        time: about 3m00s at -j 2, 5m00s one after another (1m00s a unit, by 3 units before)
        chain: 2m00s at least: 01-api → 04-db-tests
        "#);
        insta::assert_snapshot!(expected(&took, &["codemod: b"], 4), @r#"
        time: about 10ms at -j 4, 25ms one after another (5ms a unit, by 1 unit before)
        chain: 10ms at least: 01-api → 04-db-tests
        gain: little by several at once, as a unit takes less than 30s
        "#);
    }

    #[test]
    fn each_unit_is_expected_to_take_what_its_own_agent_took() {
        let took = [("claude", 60_000), ("codex (x)", 20_000)];
        let both = ["claude (z)", "codex"];
        insta::assert_snapshot!(expected(&took, &both, 1), @"
        time: about 3m40s at -j 1, 3m40s one after another (claude 1m00s a unit, by 1 unit before; codex 20s a unit, by 1 unit before)
        chain: 1m20s at least: 01-api → 04-db-tests
        ");
        assert_eq!(expected(&took[..1], &both, 2), "");
    }

    #[test]
    fn nothing_is_said_of_an_agent_that_never_worked_here() {
        assert_eq!(expected(&[("command: a", 5)], &["command: b"], 2), "");
    }
}
