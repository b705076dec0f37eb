//! Which agents do the work.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use console::Term;

use super::escapes;
use super::resume::Consent;
use crate::agent;
use crate::cli::output::{can_ask, say};
use crate::cli::review;
use crate::config::{
    AgentCaps, AgentKind, AgentOptions, Budget, CodingKind, Config, Limit, Shares, Texts, Tokens,
    own_settings, remember_agent,
};

/// The agent, and how far it may go.
#[derive(Debug, Args)]
#[command(next_help_heading = "Agent")]
pub(in crate::cli) struct AgentFlags {
    /// The agent: claude, codex, gemini, opencode, aider, copilot, auto (one of these that is installed and logged in),
    /// command, codemod, or the name of an [agents.NAME] table in batch.toml [default: chosen by the other flags]
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// The model of the coding agent [default: the agent's own choice]
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// The program to start in each worktree, split into words as by a shell but run without one; {files}, {unit} and
    /// {instruction} stand for the unit's files, its id and the instruction; with a coding agent, the program that
    /// starts that agent
    #[arg(long, value_name = "PROG ARGS")]
    agent_cmd: Option<String>,
    /// Run --agent-cmd with sh -c
    #[arg(long)]
    agent_shell: bool,
    /// The exit codes of --agent-cmd that mean success, such as 0,1 for a fixer that exits with 1 when it has changed
    /// something [default: 0]
    #[arg(long, value_name = "CODE,...", value_delimiter = ',')]
    agent_exit: Vec<i32>,
    /// How long one agent may work on its unit [default: 30m]
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) agent_timeout: Option<Limit>,
    /// How long one agent may be silent before it is stopped [default: 15m for coding agents, no limit for others]
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) idle_timeout: Option<Limit>,
    /// How many attempts one agent has at its unit: after a failed check, or changes outside its claim, it gets the
    /// reason and tries again [default: 3; 1 for --agent-cmd]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) attempts: Option<NonZeroU32>,
    /// How many turns one agent may take, where it reports them [default: no limit]
    #[arg(long, value_name = "N")]
    agent_turns: Option<u64>,
    /// How many tokens one agent may use, such as 500k, where it reports them [default: no limit]
    #[arg(long, value_name = "N")]
    agent_tokens: Option<Tokens>,
    /// How much one agent may cost, such as 2usd, where it reports its cost [default: no limit]
    #[arg(long, value_name = "MONEY")]
    agent_budget: Option<Budget>,
    /// Codemod: an ast-grep pattern, such as 'var $A = $B'; may be given several times, each with a --to
    #[arg(long, value_name = "PATTERN", allow_hyphen_values = true)]
    rewrite: Vec<String>,
    /// Codemod: a regular expression; may be given several times, each with a --to
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true)]
    regex: Vec<String>,
    /// Codemod: the replacement for --rewrite ($A) or --regex ($1, ${name}); \n is a line end and \t a tab
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    to: Vec<String>,
    /// Codemod: the language of --rewrite [default: the language of each file]
    #[arg(long, value_name = "LANG")]
    lang: Option<String>,
    /// Codemod: a file with rules in ast-grep's YAML format
    #[arg(long, value_name = "FILE")]
    rule: Option<PathBuf>,
}

/// Several agents that share the units.
#[derive(Debug, Args)]
#[command(next_help_heading = "Agent")]
pub(in crate::cli) struct SharesFlag {
    /// Divide the units among several agents by shares, such as claude:3,codex:2; each is a kind of agent, or the name
    /// of an [agents.NAME] table in batch.toml
    #[arg(
        long,
        value_name = "AGENT:N,...",
        conflicts_with_all = [
            "agent", "model", "agent_cmd", "agent_shell", "agent_exit", "rewrite", "regex", "to", "lang", "rule",
        ]
    )]
    agents: Option<Shares>,
}

impl SharesFlag {
    pub(in crate::cli) fn apply(&self, config: &mut Config) {
        if self.agents.is_some() {
            config.run.agents.clone_from(&self.agents);
        }
    }

    pub(in crate::cli) fn is_given(&self) -> bool {
        self.agents.is_some()
    }
}

impl AgentFlags {
    /// Relative rule files are below `dir`.
    pub(in crate::cli) fn apply(&self, config: &mut Config, dir: &Path) -> anyhow::Result<()> {
        let given = self.given(dir, config)?;
        if given.is_given() {
            config.run.agents = None;
        }
        if config.run.agents.is_none() {
            config.agent = chosen(given.or(std::mem::take(&mut config.agent)))?;
        }
        config.agent_timeout = self.agent_timeout.or(config.agent_timeout);
        config.idle_timeout = self.idle_timeout.or(config.idle_timeout);
        config.attempts = self.attempts.or(config.attempts);
        let caps = self.caps().or(config.agent_caps());
        config.agent_turns = caps.turns;
        config.agent_tokens = caps.tokens;
        config.agent_budget = caps.budget;
        Ok(())
    }

    /// How much one agent may use.
    pub(in crate::cli) fn caps(&self) -> AgentCaps {
        AgentCaps {
            turns: self.agent_turns,
            tokens: self.agent_tokens,
            budget: self.agent_budget,
        }
    }

    /// Returns the agent that the flags name; its options are empty where they name none.
    pub(in crate::cli) fn given(
        &self,
        dir: &Path,
        config: &Config,
    ) -> anyhow::Result<AgentOptions> {
        let named = match &self.agent {
            None => AgentOptions::default(),
            Some(name) => config.agent_named(name)?,
        };
        let rule = self
            .rule
            .as_ref()
            .map(|path| {
                std::fs::read_to_string(dir.join(path))
                    .with_context(|| format!("the rule file {} cannot be read", path.display()))
            })
            .transpose()?;
        let unescape = if self.rewrite.is_empty() {
            escapes::in_text
        } else {
            escapes::in_code
        };
        let to = self.to.iter().map(|to| unescape(to)).collect();
        let given = AgentOptions {
            kind: named.kind,
            model: named.model,
            args: named.args,
            command: self.agent_cmd.clone().or(named.command),
            shell: self.agent_shell.then_some(true).or(named.shell),
            exit: if self.agent_exit.is_empty() {
                named.exit
            } else {
                self.agent_exit.clone()
            },
            rewrite: Texts::new(self.rewrite.clone()).or(named.rewrite),
            regex: Texts::new(self.regex.clone()).or(named.regex),
            to: Texts::new(to).or(named.to),
            lang: self.lang.clone().or(named.lang),
            rule: rule.or(named.rule),
            work: named.work,
            from: named.from,
        };
        let only_exit = AgentOptions {
            exit: self.agent_exit.clone(),
            ..AgentOptions::default()
        };
        Ok(match &self.model {
            // Exit codes alone change the configured command.
            None if given.is_given() && given == only_exit => AgentOptions {
                exit: given.exit,
                ..config.agent.clone()
            },
            None => given,
            // A model alone changes the model of the configured agent.
            Some(model) => AgentOptions {
                model: Some(model.clone()),
                ..given.or(config.agent.clone())
            },
        })
    }
}

/// Replaces `auto` by an installed agent.
pub(in crate::cli) fn chosen(options: AgentOptions) -> anyhow::Result<AgentOptions> {
    if options.kind != Some(AgentKind::Auto) {
        return Ok(options);
    }
    let found = agent::choose(std::env::vars_os())?;
    say(&format!("note: agent: {} ({})", found.kind, found.login));
    Ok(AgentOptions {
        kind: Some(found.kind.kind()),
        ..options
    })
}

/// Takes an installed agent where neither the flags nor the settings name any. Of several, a person at the terminal is
/// asked once; the answer goes to the user's own settings.
pub(in crate::cli) fn choose_if_none(config: &mut Config, consent: Consent) -> anyhow::Result<()> {
    if config.agent.is_given() || config.run.agents.is_some() {
        return Ok(());
    }
    let (first, others) = agent::choices(std::env::vars_os())?;
    if !others.is_empty() && consent == Consent::Ask && can_ask() {
        let kinds: Vec<CodingKind> = std::iter::once(&first)
            .chain(&others)
            .map(|found| found.kind)
            .collect();
        let kind = review::ask_agent(&kinds, &Term::stderr())?
            .context("no agent was chosen: name one with --agent")?;
        config.agent.kind = Some(kind.kind());
        remember(kind);
        return Ok(());
    }
    let names = CodingKind::ALL.map(|kind| kind.to_string()).join(", ");
    say(&format!(
        "note: agent: {} ({}), the first of {names} that is installed and logged in; --agent names another",
        first.kind, first.login
    ));
    config.agent.kind = Some(first.kind.kind());
    Ok(())
}

/// Writes the answer to the user's own settings. A fault only means that the question comes again.
fn remember(kind: CodingKind) {
    let Some(path) = own_settings(|name| std::env::var_os(name)) else {
        return;
    };
    match remember_agent(&path, kind) {
        Ok(()) => say(&format!(
            "note: agent: {kind}, from now on by {}",
            path.display()
        )),
        Err(error) => say(&format!("warning: the agent is not remembered: {error}")),
    }
}
