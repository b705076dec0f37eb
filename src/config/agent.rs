//! The words that choose an agent, the same in batch.toml, in plan.toml and as flags.
//!
//! [`AgentOptions`] is what was written, in any of the three places; [`AgentSpec`] is what it means, with the
//! contradictions refused. This room does not know how an agent works.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::codemod::Recipe;

/// An `[agent]` table, or the flags of the same names. Every field may be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AgentOptions {
    /// Follows from the other fields when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<AgentKind>,
    /// The model that a coding agent is to use; its own choice when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What a coding agent is given beyond what batch gives it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// The program and its arguments, split like a shell would split them. Of a coding agent: how it is started.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum AgentKind {
    /// Whichever coding agent is installed and logged in.
    Auto,
    /// Claude Code.
    Claude,
    /// Codex.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// opencode.
    Opencode,
    /// aider.
    Aider,
    /// GitHub Copilot CLI.
    Copilot,
    /// Any program, started in the unit's worktree.
    Command,
    /// The built-in structural or regex rewrite.
    Codemod,
}

/// The coding agents that batch can drive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodingKind {
    Claude,
    Codex,
    Gemini,
    Opencode,
    Aider,
    Copilot,
}

/// A chosen agent with everything it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentSpec {
    /// Start this coding agent in the worktree.
    Coding(CodingAgentSpec),
    /// Start this program in the worktree.
    Command(CommandLine),
    /// Rewrite the claimed files by this recipe.
    Codemod(Recipe),
}

/// A coding agent, and how it is to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodingAgentSpec {
    pub kind: CodingKind,
    /// Its program and what comes before all other arguments.
    pub command: Vec<String>,
    pub model: Option<String>,
    pub args: Vec<String>,
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

impl AgentKind {
    /// The kind that is called so.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::from_str(name, false).ok()
    }

    /// What it is called, in batch.toml and as a flag.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Opencode => "opencode",
            Self::Aider => "aider",
            Self::Copilot => "copilot",
            Self::Command => "command",
            Self::Codemod => "codemod",
        }
    }

    /// All names, for a sentence.
    #[must_use]
    pub fn names() -> String {
        let names: Vec<&str> = Self::value_variants()
            .iter()
            .map(|kind| kind.name())
            .collect();
        names.join(", ")
    }

    fn coding(self) -> Option<CodingKind> {
        match self {
            Self::Claude => Some(CodingKind::Claude),
            Self::Codex => Some(CodingKind::Codex),
            Self::Gemini => Some(CodingKind::Gemini),
            Self::Opencode => Some(CodingKind::Opencode),
            Self::Aider => Some(CodingKind::Aider),
            Self::Copilot => Some(CodingKind::Copilot),
            Self::Auto | Self::Command | Self::Codemod => None,
        }
    }
}

impl CodingKind {
    /// All of them, the most usual first.
    pub const ALL: [Self; 6] = [
        Self::Claude,
        Self::Codex,
        Self::Gemini,
        Self::Opencode,
        Self::Aider,
        Self::Copilot,
    ];

    /// The kind of agent that it is.
    #[must_use]
    pub fn kind(self) -> AgentKind {
        match self {
            Self::Claude => AgentKind::Claude,
            Self::Codex => AgentKind::Codex,
            Self::Gemini => AgentKind::Gemini,
            Self::Opencode => AgentKind::Opencode,
            Self::Aider => AgentKind::Aider,
            Self::Copilot => AgentKind::Copilot,
        }
    }
}

impl fmt::Display for CodingKind {
    /// Its name, which is also that of its program.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.kind().name())
    }
}

impl fmt::Display for AgentSpec {
    /// The agent in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Coding(spec) => spec.fmt(f),
            Self::Command(command) => write!(f, "command: {command}"),
            Self::Codemod(_) => f.write_str("codemod"),
        }
    }
}

impl fmt::Display for CodingAgentSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.model {
            Some(model) => write!(f, "{} ({model})", self.kind),
            None => self.kind.fmt(f),
        }
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct(words) => f.write_str(&words.join(" ")),
            Self::Shell(line) => f.write_str(line),
        }
    }
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
}

impl AgentOptions {
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
    fn every_kind_is_found_by_its_name() {
        for kind in AgentKind::value_variants() {
            assert_eq!(AgentKind::of(kind.name()), Some(*kind));
            assert_eq!(
                serde_json::to_string(kind).unwrap(),
                format!("{:?}", kind.name())
            );
        }
        assert_eq!(AgentKind::of("fast"), None);
    }

    #[test]
    fn nothing_given_names_what_may_be_given() {
        assert_eq!(options().resolve(), Err(AgentOptionsError::Missing));
    }
}
