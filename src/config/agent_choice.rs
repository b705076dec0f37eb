//! Finds the agents that the settings name, and decides who plans.

use std::num::NonZeroU32;

use super::agent::{AgentKind, AgentOptions, AgentOptionsError, AgentSpec, CodingKind};
use super::choices::{Grouping, Planner};
use super::file::Config;

/// One of several agents that share the work of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AgentShare {
    /// A kind of agent, or the name of a table in batch.toml.
    pub name: String,
    pub share: NonZeroU32,
    pub options: AgentOptions,
}

impl Config {
    /// Returns the agents that share the work; empty where one agent does all of it.
    ///
    /// # Errors
    /// When an agent does not exist, is incomplete, or is the codemod.
    pub(crate) fn agent_shares(&self) -> Result<Vec<AgentShare>, AgentOptionsError> {
        let Some(shares) = &self.run.agents else {
            return Ok(Vec::new());
        };
        let agent_share = |(name, share): &(String, NonZeroU32)| {
            let options = self.agent_named(name)?;
            match options.resolve()? {
                AgentSpec::Codemod(_) => Err(AgentOptionsError::Shared(name.clone())),
                AgentSpec::Existing(_) => Err(AgentOptionsError::Exists(name.clone())),
                AgentSpec::Coding(_) | AgentSpec::Command(_) => Ok(AgentShare {
                    name: name.clone(),
                    share: *share,
                    options,
                }),
            }
        };
        shares.by_agent().iter().map(agent_share).collect()
    }

    /// Returns the one agent, or the first of several. It does the work that is done only once, such as planning.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn first_agent(&self) -> Result<AgentOptions, AgentOptionsError> {
        let first = self.agent_shares()?.into_iter().next();
        Ok(first.map_or_else(|| self.agent.clone(), |first| first.options))
    }

    /// Returns the agent of the table `[agents.NAME]` in batch.toml, or of the kind with this name.
    ///
    /// # Errors
    /// When there is neither.
    pub(crate) fn agent_named(&self, name: &str) -> Result<AgentOptions, AgentOptionsError> {
        match (self.agents.get(name), AgentKind::from_name(name)) {
            (Some(options), _) => Ok(options.clone()),
            (None, Some(kind)) => Ok(AgentOptions {
                kind: Some(kind),
                ..AgentOptions::default()
            }),
            (None, None) => Err(AgentOptionsError::Unknown {
                name: name.to_owned(),
                known: self.agents.keys().cloned().collect(),
            }),
        }
    }

    /// Checks that the settings name at least one complete agent.
    ///
    /// # Errors
    /// When they do not.
    pub(crate) fn check_agents(&self) -> Result<(), AgentOptionsError> {
        if self.agent_shares()?.is_empty() {
            self.agent.resolve()?;
        }
        Ok(())
    }

    /// Decides who divides this many files into units; never [`Planner::Auto`].
    pub(crate) fn planner(&self, files: usize) -> Result<Planner, AgentOptionsError> {
        match self.plan.planner.unwrap_or_default() {
            Planner::Graph => Ok(Planner::Graph),
            Planner::Agent => match self.first_agent()?.resolve()? {
                AgentSpec::Codemod(_) | AgentSpec::Existing(_) => {
                    Err(AgentOptionsError::CannotPlan)
                }
                AgentSpec::Coding(_) | AgentSpec::Command(_) => Ok(Planner::Agent),
            },
            Planner::Auto => {
                // aider does not look for files itself, and reads every file that the prompt names.
                let is_coding = matches!(
                    self.first_agent()?.resolve(),
                    Ok(AgentSpec::Coding(spec)) if spec.kind != CodingKind::Aider
                );
                // No agent is needed where each file may be a unit, or folders decide.
                let has_choice = files > self.plan.units.unwrap_or_default().min()
                    && self.plan.by != Some(Grouping::Folder);
                Ok(if is_coding && has_choice {
                    Planner::Agent
                } else {
                    Planner::Graph
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_that_share_are_kinds_or_tables_but_no_codemods() {
        let config = |shares: &str| {
            let text = format!(
                "[agents.fast]\nkind = \"claude\"\nmodel = \"m\"\n\
                 [agents.swap]\nregex = \"a\"\nto = \"b\"\n\
                 [run]\nagents = {shares:?}\n"
            );
            Config::parse(&text).unwrap()
        };
        let agents = config("fast:2,codex").agent_shares().unwrap();
        let names: Vec<&str> = agents.iter().map(|agent| &*agent.name).collect();
        assert_eq!(names, ["fast", "codex"]);
        assert_eq!(agents[0].options.model.as_deref(), Some("m"));
        let error = |shares| config(shares).agent_shares().unwrap_err().to_string();
        assert!(error("slow").contains("there is no agent \"slow\""));
        assert!(error("fast,auto").contains("auto chooses"));
        assert!(error("fast,swap").contains("swap is a codemod"));
    }

    #[test]
    fn a_coding_agent_plans_where_there_is_a_choice() {
        let planner = |text: &str, files: usize| Config::parse(text).unwrap().planner(files);
        let (claude, command) = ("[agent]\nkind = \"claude\"\n", "[agent]\ncommand = \"x\"\n");
        assert_eq!(planner(claude, 6), Ok(Planner::Agent));
        assert_eq!(planner(claude, 5), Ok(Planner::Graph));
        for more in ["by = \"folder\"", "planner = \"graph\"", "units = 6"] {
            let text = format!("{claude}[plan]\n{more}\n");
            assert_eq!(planner(&text, 6), Ok(Planner::Graph), "{more}");
        }
        let aider = claude.replace("claude", "aider");
        assert_eq!(planner(&aider, 99), Ok(Planner::Graph));
        assert_eq!(planner(command, 99), Ok(Planner::Graph));
        assert_eq!(planner("", 99), Ok(Planner::Graph));
        let asked = |agent: &str| planner(&format!("{agent}[plan]\nplanner = \"agent\"\n"), 1);
        assert_eq!(asked(command), Ok(Planner::Agent));
        assert_eq!(asked(""), Err(AgentOptionsError::Missing));
        let codemod = "[agent]\nregex = \"a\"\nto = \"b\"\n";
        assert_eq!(asked(codemod), Err(AgentOptionsError::CannotPlan));
    }
}
