//! The one agent that options mean, or why they mean none.

use super::kind::{AgentKind, CodingKind};
use super::options::AgentOptions;
use super::spec::{AgentSpec, CodingAgentSpec, CommandLine};
use crate::codemod::Recipe;

/// Why the options do not name one agent.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AgentOptionsError {
    #[error(
        "no agent was named: give --agent claude (or codex, gemini, opencode, aider, copilot, auto), --agent-cmd 'program args', or a codemod (--rewrite … --to …, --regex … --to …, --rule FILE), or an [agent] table in batch.toml"
    )]
    Missing,
    #[error("{0} and {1} name two different agents: give one of them")]
    Conflict(&'static str, &'static str),
    #[error("{0} needs {1}")]
    Needs(&'static str, &'static str),
    #[error("{0} goes with {1} only")]
    GoesWith(&'static str, &'static str),
    #[error(
        "a codemod reads nothing, so it cannot plan: give --planner graph, or name a coding agent or a command"
    )]
    CannotPlan,
    #[error("auto is a choice between what is installed, and no agent by itself: name one here")]
    Auto,
    #[error(
        "there is no agent {name:?}: give one of {}, or a name for which batch.toml has a table [agents.NAME]{}",
        AgentKind::names(),
        named(.known)
    )]
    Unknown { name: String, known: Vec<String> },
    #[error(
        "{0} is a codemod, which does the same to every file: it shares no work with other agents"
    )]
    Shared(String),
    #[error("the agent command {0:?} is empty or has an unclosed quote")]
    BadCommand(String),
}

/// For a sentence: what batch.toml does have.
fn named(known: &[String]) -> String {
    if known.is_empty() {
        String::new()
    } else {
        format!("; it has {}", known.join(", "))
    }
}

impl AgentOptions {
    /// The one agent these options mean.
    ///
    /// # Errors
    /// When they name none, or two, or leave out what the named one needs.
    pub fn resolve(&self) -> Result<AgentSpec, AgentOptionsError> {
        use AgentOptionsError::{Conflict, GoesWith, Missing, Needs};
        let named: Vec<&'static str> = [
            ("--agent-cmd", self.command.is_some()),
            ("--rewrite", self.rewrite.is_some()),
            ("--regex", self.regex.is_some()),
            ("--rule", self.rule.is_some()),
        ]
        .into_iter()
        .filter_map(|(flag, given)| given.then_some(flag))
        .collect();
        if let [first, second, ..] = named[..] {
            return Err(Conflict(first, second));
        }
        if self.kind == Some(AgentKind::Auto) {
            return Err(AgentOptionsError::Auto);
        }
        if let Some(kind) = self.kind.and_then(AgentKind::coding) {
            return self.coding(kind, &named).map(AgentSpec::Coding);
        }
        for (flag, given) in [
            ("--model", self.model.is_some()),
            ("args", !self.args.is_empty()),
        ] {
            if given {
                return Err(GoesWith(flag, "a coding agent, such as --agent claude,"));
            }
        }
        match (self.kind, named.first()) {
            (None, None) => return Err(Missing),
            (Some(AgentKind::Command), None) => {
                return Err(Needs("--agent command", "--agent-cmd"));
            }
            (Some(AgentKind::Codemod), None) => {
                return Err(Needs(
                    "--agent codemod",
                    "--rewrite and --to, --regex and --to, or --rule",
                ));
            }
            (Some(AgentKind::Command), Some(&flag)) if flag != "--agent-cmd" => {
                return Err(Conflict("--agent command", flag));
            }
            (Some(AgentKind::Codemod), Some(&"--agent-cmd")) => {
                return Err(Conflict("--agent codemod", "--agent-cmd"));
            }
            _ => {}
        }
        if self.lang.is_some() && self.rewrite.is_none() {
            return Err(GoesWith("--lang", "--rewrite"));
        }
        if self.shell == Some(true) && self.command.is_none() {
            return Err(GoesWith("--agent-shell", "--agent-cmd"));
        }
        if let Some(command) = &self.command {
            if self.to.is_some() {
                return Err(GoesWith("--to", "--rewrite or --regex"));
            }
            return CommandLine::parse(command, self.shell.unwrap_or(false))
                .map(AgentSpec::Command)
                .ok_or_else(|| AgentOptionsError::BadCommand(command.clone()));
        }
        if let Some(text) = &self.rule {
            if self.to.is_some() {
                return Err(GoesWith("--to", "--rewrite or --regex"));
            }
            return Ok(AgentSpec::Codemod(Recipe::Rule { text: text.clone() }));
        }
        let flag = named[0];
        let to = self.to.clone().ok_or(Needs(flag, "--to"))?;
        Ok(AgentSpec::Codemod(match (&self.rewrite, &self.regex) {
            (Some(pattern), _) => Recipe::Pattern {
                pattern: pattern.clone(),
                to,
                lang: self.lang.clone(),
            },
            (None, Some(regex)) => Recipe::Regex {
                regex: regex.clone(),
                to,
            },
            (None, None) => return Err(Missing),
        }))
    }

    /// The coding agent of this kind; `named` are the other agents that the options name.
    fn coding(
        &self,
        kind: CodingKind,
        named: &[&'static str],
    ) -> Result<CodingAgentSpec, AgentOptionsError> {
        if let Some(flag) = named.iter().find(|flag| **flag != "--agent-cmd") {
            return Err(AgentOptionsError::Conflict("a coding agent", flag));
        }
        for (flag, given) in [("--to", self.to.is_some()), ("--lang", self.lang.is_some())] {
            if given {
                return Err(AgentOptionsError::GoesWith(flag, "a codemod"));
            }
        }
        if self.shell == Some(true) {
            return Err(AgentOptionsError::GoesWith(
                "--agent-shell",
                "an agent of kind command",
            ));
        }
        let command = match &self.command {
            None => vec![kind.to_string()],
            Some(command) => match CommandLine::parse(command, false) {
                Some(CommandLine::Direct(words)) => words,
                _ => return Err(AgentOptionsError::BadCommand(command.clone())),
            },
        };
        Ok(CodingAgentSpec {
            kind,
            command,
            model: self.model.clone(),
            args: self.args.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> AgentOptions {
        AgentOptions::default()
    }

    #[test]
    fn a_command_is_split_without_a_shell() {
        let spec = AgentOptions {
            command: Some("prog 'two words' $HOME".into()),
            ..options()
        }
        .resolve();
        assert_eq!(
            spec,
            Ok(AgentSpec::Command(CommandLine::Direct(vec![
                "prog".into(),
                "two words".into(),
                "$HOME".into()
            ])))
        );
    }

    #[test]
    fn two_agents_at_once_are_refused() {
        let both = AgentOptions {
            command: Some("x".into()),
            regex: Some("a".into()),
            to: Some("b".into()),
            ..options()
        };
        assert_eq!(
            both.resolve(),
            Err(AgentOptionsError::Conflict("--agent-cmd", "--regex"))
        );
    }

    #[test]
    fn a_rewrite_needs_its_replacement() {
        let half = AgentOptions {
            rewrite: Some("var $A".into()),
            ..options()
        };
        assert_eq!(
            half.resolve(),
            Err(AgentOptionsError::Needs("--rewrite", "--to"))
        );
    }

    #[test]
    fn a_coding_agent_is_its_own_program_unless_another_is_named() {
        let coding = |options: AgentOptions| match options.resolve() {
            Ok(AgentSpec::Coding(spec)) => spec.command,
            other => panic!("{other:?}"),
        };
        let codex = AgentOptions {
            kind: Some(AgentKind::Codex),
            model: Some("m".into()),
            ..options()
        };
        assert_eq!(coding(codex.clone()), ["codex"]);
        let other = AgentOptions {
            command: Some("npx codex".into()),
            ..codex.clone()
        };
        assert_eq!(coding(other), ["npx", "codex"]);
        let both = AgentOptions {
            regex: Some("a".into()),
            ..codex
        };
        assert_eq!(
            both.resolve(),
            Err(AgentOptionsError::Conflict("a coding agent", "--regex"))
        );
    }

    #[test]
    fn a_model_goes_with_a_coding_agent_only() {
        let options = AgentOptions {
            command: Some("x".into()),
            model: Some("m".into()),
            ..options()
        };
        assert!(matches!(
            options.resolve(),
            Err(AgentOptionsError::GoesWith("--model", _))
        ));
    }

    #[test]
    fn nothing_given_names_what_may_be_given() {
        assert_eq!(options().resolve(), Err(AgentOptionsError::Missing));
    }
}
