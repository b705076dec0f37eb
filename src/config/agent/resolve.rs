//! Turns the written options into one agent, or says why they name none.

use super::kind::{AgentKind, CodingKind};
use super::options::AgentOptions;
use super::spec::{AgentSpec, CodingAgentSpec, CommandLine, CommandSpec, ExistingSpec};
use super::texts::Texts;
use crate::codemod::Recipe;

/// Why the options do not name one agent.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum AgentOptionsError {
    #[error(
        "no agent was named: give --agent claude (or codex, gemini, opencode, aider, copilot, auto), --agent-cmd \
         'program args', or a codemod (--rewrite … --to …, --regex … --to …, --rule FILE), or an [agent] table in \
         batch.toml"
    )]
    Missing,
    #[error("{0} and {1} name two different agents: give one of them")]
    Conflict(&'static str, &'static str),
    #[error("{0} needs {1}")]
    Needs(&'static str, &'static str),
    #[error("--to has nothing to replace: add --rewrite PATTERN or --regex REGEX")]
    NothingToReplace,
    #[error("{0} works only with {1}")]
    WorksOnlyWith(&'static str, &'static str),
    #[error(
        "a codemod reads nothing, so it cannot plan: give --planner graph, or name a coding agent or a command"
    )]
    CannotPlan,
    #[error("auto chooses one of the installed agents and is none itself: name an agent here")]
    Auto,
    #[error(
        "there is no agent {name:?}: give one of {}, or a name for which batch.toml has a table [agents.NAME]{}",
        AgentKind::names(),
        tables(.known)
    )]
    Unknown { name: String, known: Vec<String> },
    #[error(
        "{0} is a codemod, which does the same to every file: it cannot share the work with other agents"
    )]
    Shared(String),
    #[error("{flag} is given {}, and --to {}: each {flag} needs a --to of its own", times(*.given), times(*.to))]
    Pairs {
        flag: &'static str,
        given: usize,
        to: usize,
    },
    #[error(
        "{0} works only in a plan that batch split has written, with kind = \"existing\" and the full id of a commit"
    )]
    NotExisting(&'static str),
    #[error(
        "{0} is work that exists already: it needs no agent, and no other agent can share in it; leave the agent out"
    )]
    Exists(String),
    #[error("the agent command {0:?} is empty or has an unclosed quote")]
    BadCommand(String),
}

fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

/// The tables that batch.toml has, as the end of a sentence.
fn tables(known: &[String]) -> String {
    if known.is_empty() {
        String::new()
    } else {
        format!("; it has {}", known.join(", "))
    }
}

/// The one option that names an agent, beside its kind.
#[derive(Clone, Copy)]
enum Named<'a> {
    Command(&'a str),
    Rewrite(&'a Texts),
    Regex(&'a Texts),
    Rule(&'a str),
}

impl Named<'_> {
    fn flag(self) -> &'static str {
        match self {
            Self::Command(_) => "--agent-cmd",
            Self::Rewrite(_) => "--rewrite",
            Self::Regex(_) => "--regex",
            Self::Rule(_) => "--rule",
        }
    }
}

impl AgentOptions {
    /// Returns the one agent that these options name.
    ///
    /// # Errors
    /// When they name none, or two, or leave out what the named one needs.
    pub(crate) fn resolve(&self) -> Result<AgentSpec, AgentOptionsError> {
        use AgentOptionsError::{Auto, WorksOnlyWith};
        if let Some(existing) = self.existing()? {
            return Ok(AgentSpec::Existing(existing));
        }
        let named = self.named()?;
        if self.kind == Some(AgentKind::Auto) {
            return Err(Auto);
        }
        if let Some(kind) = self.kind.and_then(AgentKind::coding) {
            return self.coding(kind, named).map(AgentSpec::Coding);
        }
        for (flag, given) in [
            ("--model", self.model.is_some()),
            ("args", !self.args.is_empty()),
        ] {
            if given {
                let agents = "a coding agent, such as --agent claude";
                return Err(WorksOnlyWith(flag, agents));
            }
        }
        let named = self.of_kind(named)?;
        if self.lang.is_some() && !matches!(named, Named::Rewrite(_)) {
            return Err(WorksOnlyWith("--lang", "--rewrite"));
        }
        match named {
            Named::Command(line) => self.command(line).map(AgentSpec::Command),
            _ if !self.exit.is_empty() => Err(WorksOnlyWith("--agent-exit", "--agent-cmd")),
            _ if self.shell == Some(true) => Err(WorksOnlyWith("--agent-shell", "--agent-cmd")),
            Named::Rewrite(patterns) => self.sequence("--rewrite", patterns, |pattern, to| {
                let lang = self.lang.clone();
                Recipe::Pattern { pattern, to, lang }
            }),
            Named::Regex(all) => {
                self.sequence("--regex", all, |regex, to| Recipe::Regex { regex, to })
            }
            Named::Rule(text) => {
                self.refuse_replacement()?;
                let text = text.to_owned();
                Ok(AgentSpec::Codemod(Recipe::Rule { text }))
            }
        }
    }

    /// Returns the work that exists already, where the options say so. Such options have no others beside them.
    fn existing(&self) -> Result<Option<ExistingSpec>, AgentOptionsError> {
        use AgentOptionsError::NotExisting;
        let Some(work) = &self.work else {
            return match (self.kind, &self.from) {
                (Some(AgentKind::Existing), _) => Err(NotExisting("kind = \"existing\"")),
                (_, Some(_)) => Err(NotExisting("from")),
                (_, None) => Ok(None),
            };
        };
        let is_id =
            matches!(work.len(), 40 | 64) && work.bytes().all(|byte| byte.is_ascii_hexdigit());
        let others = Self {
            kind: None,
            work: None,
            from: None,
            ..self.clone()
        };
        if !is_id || self.kind != Some(AgentKind::Existing) || others.is_given() {
            return Err(NotExisting("work"));
        }
        Ok(Some(ExistingSpec {
            from: self.from.clone(),
        }))
    }

    /// Returns the option that names an agent; two such options are an error.
    fn named(&self) -> Result<Option<Named<'_>>, AgentOptionsError> {
        let named: Vec<Named<'_>> = [
            self.command.as_deref().map(Named::Command),
            self.rewrite.as_ref().map(Named::Rewrite),
            self.regex.as_ref().map(Named::Regex),
            self.rule.as_deref().map(Named::Rule),
        ]
        .into_iter()
        .flatten()
        .collect();
        match named[..] {
            [first, second, ..] => Err(AgentOptionsError::Conflict(first.flag(), second.flag())),
            [one] => Ok(Some(one)),
            [] => Ok(None),
        }
    }

    /// Returns the option that names a command or a codemod; it must be there and agree with the kind.
    fn of_kind<'a>(&self, named: Option<Named<'a>>) -> Result<Named<'a>, AgentOptionsError> {
        use AgentOptionsError::{Conflict, Missing, Needs};
        match (self.kind, named) {
            (Some(AgentKind::Command), None) => Err(Needs("--agent command", "--agent-cmd")),
            (Some(AgentKind::Codemod), None) => Err(Needs(
                "--agent codemod",
                "--rewrite and --to, --regex and --to, or --rule",
            )),
            (_, None) => Err(self.without_named().unwrap_or(Missing)),
            (Some(AgentKind::Codemod), Some(Named::Command(_))) => {
                Err(Conflict("--agent codemod", "--agent-cmd"))
            }
            (_, Some(named @ Named::Command(_))) => Ok(named),
            (Some(AgentKind::Command), Some(named)) => {
                Err(Conflict("--agent command", named.flag()))
            }
            (_, Some(named)) => Ok(named),
        }
    }

    /// Returns the fault of an option that belongs to a command or a codemod, where there is neither.
    fn without_named(&self) -> Option<AgentOptionsError> {
        use AgentOptionsError::WorksOnlyWith;
        if self.to.is_some() {
            return Some(AgentOptionsError::NothingToReplace);
        }
        let options = [
            ("--lang", self.lang.is_some(), "--rewrite"),
            ("--agent-shell", self.shell == Some(true), "--agent-cmd"),
            ("--agent-exit", !self.exit.is_empty(), "--agent-cmd"),
        ];
        let given = options.into_iter().find(|(_, is_given, _)| *is_given);
        given.map(|(flag, _, with)| WorksOnlyWith(flag, with))
    }

    /// Returns the coding agent of this kind.
    fn coding(
        &self,
        kind: CodingKind,
        named: Option<Named<'_>>,
    ) -> Result<CodingAgentSpec, AgentOptionsError> {
        use AgentOptionsError::{BadCommand, Conflict, WorksOnlyWith};
        let command = match named {
            None => None,
            Some(Named::Command(line)) => Some(line),
            Some(other) => return Err(Conflict("a coding agent", other.flag())),
        };
        for (flag, given) in [("--to", self.to.is_some()), ("--lang", self.lang.is_some())] {
            if given {
                return Err(WorksOnlyWith(flag, "a codemod"));
            }
        }
        if self.shell == Some(true) {
            return Err(WorksOnlyWith("--agent-shell", "an agent of kind command"));
        }
        if !self.exit.is_empty() {
            return Err(WorksOnlyWith("--agent-exit", "an agent of kind command"));
        }
        let command = match command {
            None => vec![kind.to_string()],
            Some(line) => shell_words(line).ok_or_else(|| BadCommand(line.to_owned()))?,
        };
        Ok(CodingAgentSpec {
            kind,
            command,
            model: self.model.clone(),
            args: self.args.clone(),
        })
    }

    fn command(&self, line: &str) -> Result<CommandSpec, AgentOptionsError> {
        self.refuse_replacement()?;
        let command = if self.shell == Some(true) {
            (!line.trim().is_empty()).then(|| CommandLine::Shell(line.to_owned()))
        } else {
            shell_words(line).map(CommandLine::Direct)
        };
        Ok(CommandSpec {
            line: command.ok_or_else(|| AgentOptionsError::BadCommand(line.to_owned()))?,
            success: if self.exit.is_empty() {
                vec![0]
            } else {
                self.exit.clone()
            },
        })
    }

    /// Returns the codemod that applies each of these, with its own replacement, one after another.
    fn sequence(
        &self,
        flag: &'static str,
        from: &Texts,
        recipe: impl Fn(String, String) -> Recipe,
    ) -> Result<AgentSpec, AgentOptionsError> {
        let Some(to) = &self.to else {
            return Err(AgentOptionsError::Needs(flag, "--to"));
        };
        let (from, to) = (from.all(), to.all());
        if from.len() != to.len() {
            return Err(AgentOptionsError::Pairs {
                flag,
                given: from.len(),
                to: to.len(),
            });
        }
        let pairs = from.iter().cloned().zip(to.iter().cloned());
        let mut recipes: Vec<Recipe> = pairs.map(|(from, to)| recipe(from, to)).collect();
        Ok(AgentSpec::Codemod(match recipes.len() {
            1 => recipes.remove(0),
            _ => Recipe::Sequence(recipes),
        }))
    }

    fn refuse_replacement(&self) -> Result<(), AgentOptionsError> {
        match &self.to {
            None => Ok(()),
            Some(_) => Err(AgentOptionsError::WorksOnlyWith(
                "--to",
                "--rewrite or --regex",
            )),
        }
    }
}

/// Splits a line like a shell would; `None` where it is empty or has an unclosed quote.
fn shell_words(line: &str) -> Option<Vec<String>> {
    shlex::split(line).filter(|words| !words.is_empty())
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
            Ok(AgentSpec::Command(CommandSpec {
                line: CommandLine::Direct(vec!["prog".into(), "two words".into(), "$HOME".into()]),
                success: vec![0],
            }))
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
    fn every_pattern_has_its_own_replacement() {
        let pairs = |from: &[&str], to: &[&str]| {
            let texts = |all: &[&str]| Texts::new(all.iter().map(ToString::to_string).collect());
            AgentOptions {
                regex: texts(from),
                to: texts(to),
                ..options()
            }
            .resolve()
        };
        let regex = |regex: &str, to: &str| Recipe::Regex {
            regex: regex.into(),
            to: to.into(),
        };
        let both = vec![regex("a", "b"), regex("c", "d")];
        assert_eq!(
            pairs(&["a", "c"], &["b", "d"]),
            Ok(AgentSpec::Codemod(Recipe::Sequence(both)))
        );
        assert_eq!(
            pairs(&["a"], &["b"]),
            Ok(AgentSpec::Codemod(regex("a", "b")))
        );
        let error = pairs(&["a", "c"], &["b"]).unwrap_err().to_string();
        assert_eq!(
            error,
            "--regex is given 2 times, and --to once: each --regex needs a --to of its own"
        );
    }

    #[test]
    fn what_belongs_to_an_agent_needs_that_agent() {
        let alone = |options: AgentOptions| options.resolve().unwrap_err().to_string();
        assert_eq!(
            alone(AgentOptions {
                to: Some("b".into()),
                ..options()
            }),
            "--to has nothing to replace: add --rewrite PATTERN or --regex REGEX"
        );
        assert_eq!(
            alone(AgentOptions {
                exit: vec![0, 1],
                ..options()
            }),
            "--agent-exit works only with --agent-cmd"
        );
    }

    #[test]
    fn a_coding_agent_starts_its_own_program_unless_another_is_named() {
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
    fn a_model_works_only_with_a_coding_agent() {
        let options = AgentOptions {
            command: Some("x".into()),
            model: Some("m".into()),
            ..options()
        };
        assert!(matches!(
            options.resolve(),
            Err(AgentOptionsError::WorksOnlyWith("--model", _))
        ));
    }

    #[test]
    fn missing_options_are_an_error() {
        assert_eq!(options().resolve(), Err(AgentOptionsError::Missing));
    }
}
