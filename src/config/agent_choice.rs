//! Which agents the settings name, and who plans.

use std::num::NonZeroU32;

use super::agent::{AgentKind, AgentOptions, AgentOptionsError, AgentSpec, CodingKind};
use super::choices::{Grouping, Planner};
use super::file::Config;

/// One of several agents that share the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// A kind of agent, or the name of a table in batch.toml.
    pub name: String,
    pub share: NonZeroU32,
    pub options: AgentOptions,
}

impl Config {
    /// The agents that share the work; none where one does all of it.
    ///
    /// # Errors
    /// When one of them does not exist, is not a whole agent, or is the codemod.
    pub fn members(&self) -> Result<Vec<Member>, AgentOptionsError> {
        let Some(shares) = &self.run.agents else {
            return Ok(Vec::new());
        };
        let member = |(name, share): &(String, NonZeroU32)| {
            let options = self.agent_called(name)?;
            match options.resolve()? {
                AgentSpec::Codemod(_) => Err(AgentOptionsError::Shared(name.clone())),
                AgentSpec::Coding(_) | AgentSpec::Command(_) => Ok(Member {
                    name: name.clone(),
                    share: *share,
                    options,
                }),
            }
        };
        shares.of_each().iter().map(member).collect()
    }

    /// The one agent, or the first of those that share the work: who does what is done once.
    ///
    /// # Errors
    /// When there is none.
    pub fn first_agent(&self) -> Result<AgentOptions, AgentOptionsError> {
        let first = self.members()?.into_iter().next();
        Ok(first.map_or_else(|| self.agent.clone(), |member| member.options))
    }

    /// The agent of a table in batch.toml, or of a kind.
    ///
    /// # Errors
    /// When there is neither.
    pub fn agent_called(&self, name: &str) -> Result<AgentOptions, AgentOptionsError> {
        match (self.agents.get(name), AgentKind::of(name)) {
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

    /// Whether the settings name who does the work, and that can be had.
    ///
    /// # Errors
    /// When they do not.
    pub fn check_agents(&self) -> Result<(), AgentOptionsError> {
        if self.members()?.is_empty() {
            self.agent.resolve()?;
        }
        Ok(())
    }

    /// Who says into which units so many files are divided: never [`Planner::Auto`].
    pub fn planner(&self, files: usize) -> Result<Planner, AgentOptionsError> {
        match self.plan.planner.unwrap_or_default() {
            Planner::Graph => Ok(Planner::Graph),
            Planner::Agent => match self.first_agent()?.resolve()? {
                AgentSpec::Codemod(_) => Err(AgentOptionsError::CannotPlan),
                AgentSpec::Coding(_) | AgentSpec::Command(_) => Ok(Planner::Agent),
            },
            Planner::Auto => {
                // aider looks at nothing by itself, and would take in every file that it is told of.
                let is_coding = matches!(
                    self.first_agent()?.resolve(),
                    Ok(AgentSpec::Coding(spec)) if spec.kind != CodingKind::Aider
                );
                // Where each file may be a unit, or folders decide, nobody has to be asked.
                let is_open = files > self.plan.units.unwrap_or_default().min()
                    && self.plan.by != Some(Grouping::Folder);
                Ok(if is_coding && is_open {
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
    fn members_are_kinds_or_names_of_tables_and_never_a_codemod() {
        let config = |shares: &str| {
            let text = format!(
                "[agents.fast]\nkind = \"claude\"\nmodel = \"m\"\n[agents.swap]\nregex = \"a\"\nto = \"b\"\n[run]\nagents = {shares:?}\n"
            );
            Config::parse(&text).unwrap()
        };
        let members = config("fast:2,codex").members().unwrap();
        let names: Vec<&str> = members.iter().map(|member| &*member.name).collect();
        assert_eq!(names, ["fast", "codex"]);
        assert_eq!(members[0].options.model.as_deref(), Some("m"));
        let said = |shares| config(shares).members().unwrap_err().to_string();
        assert!(said("slow").contains("there is no agent \"slow\""));
        assert!(said("fast,auto").contains("auto is a choice"));
        assert!(said("fast,swap").contains("swap is a codemod"));
    }

    #[test]
    fn an_agent_is_asked_for_a_plan_where_it_can_and_need_be() {
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
