//! The agent of each unit of a plan, in words. It is known before there is a run.

use std::fmt;
use std::path::Path;

use crate::config::Config;
use crate::plan::Plan;
use crate::run::job::assignment::{Assignment, of_plan};
use crate::run::job::error::PrepareError;
use crate::words;

/// The agents of a plan's units, in its order, each in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitAgents(Vec<String>);

impl UnitAgents {
    /// Returns the agents by the plan and the settings; the path of an agent program is relative to `dir`.
    ///
    /// # Errors
    /// When an agent is not named, or cannot be used.
    pub fn of_plan(plan: &Plan, config: &Config, dir: &Path) -> Result<Self, PrepareError> {
        let (assignments, _) = of_plan(plan, config, dir)?;
        Ok(Self::of(&assignments))
    }

    pub(crate) fn of<'a>(assignments: impl IntoIterator<Item = &'a Assignment>) -> Self {
        assignments
            .into_iter()
            .map(|assignment| assignment.agent.describe())
            .collect()
    }

    /// Returns the agents in the plan's order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl FromIterator<String> for UnitAgents {
    fn from_iter<T: IntoIterator<Item = String>>(agents: T) -> Self {
        Self(agents.into_iter().collect())
    }
}

impl fmt::Display for UnitAgents {
    /// Writes the agent, or each agent with its number of units.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut units: Vec<(&str, usize)> = Vec::new();
        for who in self.iter() {
            match units.iter_mut().find(|(known, _)| *known == who) {
                Some((_, units)) => *units += 1,
                None => units.push((who, 1)),
            }
        }
        if let [(one, _)] = units[..] {
            return f.write_str(one);
        }
        for (number, (who, units)) in units.into_iter().enumerate() {
            let comma = if number > 0 { ", " } else { "" };
            write!(f, "{comma}{who} for {}", words::count(units, "unit"))?;
        }
        Ok(())
    }
}
