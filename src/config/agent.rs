//! The words that choose an agent, the same in batch.toml, in plan.toml and as flags.
//!
//! [`AgentOptions`] is what was written, in any of the three places; [`AgentSpec`] is what it means, with the
//! contradictions refused. This room does not know how an agent works.

use serde::{Deserialize, Serialize};

use crate::codemod::Recipe;

/// An `[agent]` table, or the flags of the same names. Every field may be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AgentOptions {
    /// `command` or `codemod`; follows from the other fields when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<AgentKind>,
    /// The program and its arguments, split like a shell would split them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Hand `command` to `sh -c` instead of splitting it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell: Option<bool>,
    /// An ast-grep pattern; needs `to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rewrite: Option<String>,
    /// A regular expression; needs `to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// The replacement for `rewrite` or `regex`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The language `rewrite` is written in; without it, each file's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// The text of a rule in ast-grep's YAML format.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// The kinds of agent this version has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum AgentKind {
    /// Any program, started in the unit's worktree.
    Command,
    /// The built-in structural or regex rewrite.
    Codemod,
}

/// A chosen agent with everything it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentSpec {
    /// Start this program in the worktree.
    Command(CommandLine),
    /// Rewrite the claimed files by this recipe.
    Codemod(Recipe),
}

/// A program to start, as the user wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandLine {
    /// Program and arguments, started directly.
    Direct(Vec<String>),
    /// A line for `sh -c`.
    Shell(String),
}

/// Why the options do not name one agent.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AgentOptionsError {
    #[error(
        "no agent was named: give --agent-cmd 'program args', or a codemod (--rewrite … --to …, --regex … --to …, --rule FILE), or an [agent] table in batch.toml"
    )]
    Missing,
    #[error("{0} and {1} name two different agents: give one of them")]
    Conflict(&'static str, &'static str),
    #[error("{0} needs {1}")]
    Needs(&'static str, &'static str),
    #[error("{0} goes with {1} only")]
    GoesWith(&'static str, &'static str),
    #[error("the agent command {0:?} is empty or has an unclosed quote")]
    BadCommand(String),
}

impl AgentOptions {
    /// `self` where it names an agent, else `other`: a whole agent is chosen, fields of two never mix.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if self == Self::default() { other } else { self }
    }

    /// Whether any field is given.
    #[must_use]
    pub fn is_given(&self) -> bool {
        *self != Self::default()
    }

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
}

impl CommandLine {
    fn parse(text: &str, shell: bool) -> Option<Self> {
        if shell {
            return (!text.trim().is_empty()).then(|| Self::Shell(text.to_owned()));
        }
        let words = shlex::split(text)?;
        (!words.is_empty()).then_some(Self::Direct(words))
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
    fn nothing_given_names_what_may_be_given() {
        assert_eq!(options().resolve(), Err(AgentOptionsError::Missing));
    }
}
