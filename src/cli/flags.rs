//! The flags that several commands share, and how they win over batch.toml.

use std::num::NonZeroU32;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::say;
use crate::agent;
use crate::codemod::OldUsePattern;
use crate::config::{
    AgentCaps, AgentKind, AgentOptions, BestOf, Budget, Config, ForgeChoice, ForkChoice, Grouping,
    Limit, MergeMethod, MinSuccess, Order, Planner, PublishConfig, PublishWhen, PushChoice, Rate,
    RepoName, ReviewersFrom, Shares, Tokens, UnitRange,
};
use crate::run::Goal;

/// Who does the work.
#[derive(Debug, Args)]
#[command(next_help_heading = "Agent")]
pub(super) struct AgentFlags {
    /// Who does the work: claude, codex, gemini, opencode, aider, copilot, auto (whichever of these is installed and logged in),
    /// command, codemod, or the name of an [agents.NAME] table in batch.toml [default: follows from the other flags]
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// The model that the coding agent is to use [default: the agent's own choice]
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// A program to start in each worktree, split like a shell would but run without one; with a coding agent, how to
    /// start that
    #[arg(long, value_name = "PROG ARGS")]
    agent_cmd: Option<String>,
    /// Hand --agent-cmd to sh -c
    #[arg(long)]
    agent_shell: bool,
    /// How long one agent may work on its unit [default: 30m]
    #[arg(long, value_name = "TIME")]
    pub(super) agent_timeout: Option<Limit>,
    /// How long one agent may be silent before it is stopped [default: 15m for coding agents, else for ever]
    #[arg(long, value_name = "TIME")]
    pub(super) idle_timeout: Option<Limit>,
    /// How often one agent may work on its unit: when a check fails or it changed what is not its own, it is told so and
    /// works on [default: 3; 1 for --agent-cmd]
    #[arg(long, value_name = "N")]
    pub(super) attempts: Option<NonZeroU32>,
    /// How many exchanges with its model one agent may have, as far as it tells [default: any number]
    #[arg(long, value_name = "N")]
    agent_turns: Option<u64>,
    /// How many tokens one agent may use, as far as it tells, such as 500k [default: any number]
    #[arg(long, value_name = "N")]
    agent_tokens: Option<Tokens>,
    /// What one agent may cost, as far as it tells, such as 2usd [default: anything]
    #[arg(long, value_name = "MONEY")]
    agent_budget: Option<Budget>,
    /// Codemod: an ast-grep pattern, such as 'var $A = $B'
    #[arg(long, value_name = "PATTERN", allow_hyphen_values = true)]
    rewrite: Option<String>,
    /// Codemod: a regular expression
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true)]
    regex: Option<String>,
    /// Codemod: the replacement for --rewrite ($A) or --regex ($1, ${name})
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    to: Option<String>,
    /// Codemod: the language of --rewrite; without it, each file's own
    #[arg(long, value_name = "LANG")]
    lang: Option<String>,
    /// Codemod: a file with rules in ast-grep's YAML format
    #[arg(long, value_name = "FILE")]
    rule: Option<PathBuf>,
}

/// Who does the work, where that are several.
#[derive(Debug, Args)]
#[command(next_help_heading = "Agent")]
pub(super) struct SharesFlag {
    /// Spread the units over several agents by shares, such as claude:3,codex:2: kinds of agent, or names of [agents.NAME]
    /// tables in batch.toml
    #[arg(
        long,
        value_name = "AGENT:N,...",
        conflicts_with_all = ["agent", "model", "agent_cmd", "agent_shell", "rewrite", "regex", "to", "lang", "rule"]
    )]
    agents: Option<Shares>,
}

impl SharesFlag {
    pub(super) fn apply(&self, config: &mut Config) {
        if self.agents.is_some() {
            config.run.agents.clone_from(&self.agents);
        }
    }

    pub(super) fn is_given(&self) -> bool {
        self.agents.is_some()
    }
}

impl AgentFlags {
    /// `dir` is the folder that the path of a rule file starts from.
    pub(super) fn apply(&self, config: &mut Config, dir: &Path) -> anyhow::Result<()> {
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

    /// How much one agent may use up.
    pub(super) fn caps(&self) -> AgentCaps {
        AgentCaps {
            turns: self.agent_turns,
            tokens: self.agent_tokens,
            budget: self.agent_budget,
        }
    }

    /// The agent that the flags name; nothing where there are none.
    pub(super) fn given(&self, dir: &Path, config: &Config) -> anyhow::Result<AgentOptions> {
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
        let given = AgentOptions {
            kind: named.kind,
            model: named.model,
            args: named.args,
            command: self.agent_cmd.clone().or(named.command),
            shell: self.agent_shell.then_some(true).or(named.shell),
            rewrite: self.rewrite.clone().or(named.rewrite),
            regex: self.regex.clone().or(named.regex),
            to: self.to.clone().or(named.to),
            lang: self.lang.clone().or(named.lang),
            rule: rule.or(named.rule),
        };
        Ok(match &self.model {
            None => given,
            // A model alone is another one for the same agent.
            Some(model) => AgentOptions {
                model: Some(model.clone()),
                ..given.or(config.agent.clone())
            },
        })
    }
}

/// The agent itself, where `auto` was asked for.
pub(super) fn chosen(options: AgentOptions) -> anyhow::Result<AgentOptions> {
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

/// What becomes a unit.
#[derive(Debug, Args)]
#[command(next_help_heading = "Plan")]
pub(super) struct PlanFlags {
    /// How many units: a number, or a range [default: 5..30]
    #[arg(long, value_name = "N|A..B")]
    units: Option<UnitRange>,
    /// With folder, keep folders whole, whatever files import; with owner, never mix files of different owners (by
    /// CODEOWNERS) in one unit
    #[arg(
        long,
        value_enum,
        value_name = "folder|owner",
        hide_possible_values = true
    )]
    by: Option<Grouping>,
    /// Who divides the change: with graph, what files import decides, which costs nothing; with agent, your agent reads
    /// the base first and proposes the units, which costs what it costs; auto is agent for coding agents, else graph
    /// [default: auto]
    #[arg(
        long,
        value_enum,
        value_name = "agent|graph|auto",
        hide_possible_values = true
    )]
    planner: Option<Planner>,
    /// With deps, a unit starts from the work of those whose files its own import [default: none]
    #[arg(
        long,
        value_enum,
        value_name = "none|deps",
        hide_possible_values = true
    )]
    order: Option<Order>,
    /// An ast-grep pattern that must be found nowhere when the change is done: files without it are left out, and what
    /// is left is counted after the run
    #[arg(long, value_name = "PATTERN", allow_hyphen_values = true)]
    until: Option<String>,
    /// The same as a regular expression
    #[arg(
        long,
        value_name = "REGEX",
        allow_hyphen_values = true,
        conflicts_with = "until"
    )]
    until_regex: Option<String>,
    /// The commit to start from [default: the remote's default branch where known, else HEAD]
    #[arg(long, value_name = "REV")]
    base: Option<String>,
}

impl PlanFlags {
    /// What must be found nowhere when the change is done.
    pub(super) fn until(&self) -> Option<OldUsePattern> {
        let pattern = self.until.clone().map(OldUsePattern::Pattern);
        pattern.or_else(|| self.until_regex.clone().map(OldUsePattern::Regex))
    }

    pub(super) fn base(&self) -> Option<&str> {
        self.base.as_deref()
    }

    pub(super) fn apply(&self, config: &mut Config) {
        config.plan.units = self.units.or(config.plan.units);
        config.plan.by = self.by.or(config.plan.by);
        config.plan.order = self.order.or(config.plan.order);
        config.plan.planner = self.planner.or(config.plan.planner);
        config.plan.base = self.base.clone().or(config.plan.base.take());
    }
}

/// How much a whole run may take. Where a limit is reached, running units finish and no further one is started.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Run")]
pub(super) struct CapFlags {
    /// What all agents together may cost, such as 20usd, before no further one is started [default: anything]
    #[arg(long, value_name = "MONEY")]
    budget: Option<Budget>,
    /// How many tokens all agents together may use, such as 10M, before no further one is started [default: any number]
    #[arg(long, value_name = "N")]
    max_tokens: Option<Tokens>,
    /// How long after its beginning, or after it was resumed, the run starts no further agent [default: never]
    #[arg(long, value_name = "TIME")]
    deadline: Option<Limit>,
}

impl CapFlags {
    pub(super) fn apply(&self, config: &mut Config) {
        config.run.budget = self.budget.or(config.run.budget);
        config.run.max_tokens = self.max_tokens.or(config.run.max_tokens);
        config.run.deadline = self.deadline.or(config.run.deadline);
    }
}

/// How a plan is run.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of its own on the command line"
)]
#[derive(Debug, Args)]
#[command(next_help_heading = "Run")]
pub(super) struct RunFlags {
    /// Approve the plan without being asked
    #[arg(short, long)]
    pub(super) yes: bool,
    /// How many agents work at once [default: the number of processors, at most 4]
    #[arg(short, long, value_name = "N")]
    jobs: Option<usize>,
    /// A shell line that prepares each new worktree, such as 'npm ci'
    #[arg(long, value_name = "CMD")]
    setup: Option<String>,
    /// Keep the worktrees of published units too
    #[arg(long)]
    keep_worktrees: bool,
    /// How many units must come to a good end for exit code 0, and to be published at all [default: all, and any]
    #[arg(long, value_name = "N|P%")]
    min_success: Option<MinSuccess>,
    /// Have one unit done first, show it, and go on with the others when it is accepted
    #[arg(long)]
    canary: bool,
    /// Have each unit done so often, each time from nothing, and take the best: by its checks, then the smallest change
    #[arg(long, value_name = "N")]
    best_of: Option<BestOf>,
    /// With --best-of: a shell line whose last word is the number of the best of those that are else alike
    #[arg(long, value_name = "CMD")]
    judge: Option<String>,
    #[command(flatten)]
    caps: CapFlags,
    /// Run in the background, whatever becomes of this terminal; look at it with batch status
    #[arg(long)]
    pub(super) detach: bool,
    /// Stop at the commits: nothing is pushed, no pull request is opened
    #[arg(long)]
    dry_run: bool,
    /// A shell line that must pass in the worktree's root; may be given several times [default: found by itself]
    #[arg(long, value_name = "CMD", help_heading = "Checks")]
    check: Vec<String>,
    /// Run no checks
    #[arg(long, conflicts_with = "check", help_heading = "Checks")]
    no_checks: bool,
    /// How long one check may take [default: 20m]
    #[arg(long, value_name = "TIME", help_heading = "Checks")]
    check_timeout: Option<Limit>,
    /// Push the branches also where no pull request needs it
    #[arg(long, help_heading = "Publishing")]
    push: bool,
    /// Push nothing: branches and the pages of their pull requests stay in this repository
    #[arg(long, conflicts_with = "push", help_heading = "Publishing")]
    no_push: bool,
    /// Mark the commits with [skip ci], so that continuous integration leaves them alone
    #[arg(long, help_heading = "Publishing")]
    no_ci: bool,
    /// When pull requests are opened [default: as-ready]
    #[arg(long, value_enum, value_name = "WHEN", help_heading = "Publishing")]
    publish: Option<PublishWhen>,
    #[command(flatten)]
    publishing: PublishingFlags,
}

/// Where pull requests are opened, how fast, and what they are furnished with.
#[derive(Debug, Args)]
#[command(next_help_heading = "Publishing")]
pub(super) struct PublishingFlags {
    /// Where pull requests are opened [default: auto]
    #[arg(long, value_enum, value_name = "FORGE")]
    forge: Option<ForgeChoice>,
    /// The remote to push to [default: the current branch's, else origin]
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,
    /// The repository on GitHub to open pull requests in, where it is not the one of the remote's address
    #[arg(long, value_name = "OWNER/NAME")]
    repo: Option<RepoName>,
    /// Push to your fork where you may not push to the remote; it is made where there is none. Or always, or to the fork of
    /// this name
    #[arg(
        long,
        value_name = "auto|always|never|OWNER/NAME",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "auto"
    )]
    fork: Option<ForkChoice>,
    /// Open pull requests no faster than this, such as 10/h [default: as fast as the forge takes them]
    #[arg(long, value_name = "N/h")]
    pr_pace: Option<Rate>,
    /// Open no more pull requests at once than this; the next opens when one is merged or closed
    #[arg(long, value_name = "N")]
    max_open: Option<NonZeroUsize>,
    /// Open no more pull requests at once than this for any one owner (by CODEOWNERS); those of others go first
    #[arg(long, value_name = "N")]
    max_open_per_owner: Option<NonZeroUsize>,
    /// Open the next pull request only while fewer of them than this have checks that run on the forge
    #[arg(long, value_name = "N")]
    max_pending_checks: Option<NonZeroUsize>,
    /// Open pull requests as drafts
    #[arg(long)]
    draft: bool,
    /// Give every pull request this label; may be given several times
    #[arg(long, value_name = "NAME")]
    label: Vec<String>,
    /// Ask somebody for a review; may be given several times
    #[arg(long, value_name = "LOGIN")]
    reviewer: Vec<String>,
    /// Ask a team for a review; may be given several times
    #[arg(long, value_name = "TEAM")]
    team_reviewer: Vec<String>,
    /// Ask the owners of the unit's files for a review too, those of most files first
    #[arg(
        long,
        value_enum,
        value_name = "codeowners",
        hide_possible_values = true
    )]
    reviewers_from: Option<ReviewersFrom>,
    /// How many are asked at most, owners included [default: 15]
    #[arg(long, value_name = "N")]
    max_reviewers: Option<usize>,
    /// Assign every pull request to somebody; may be given several times
    #[arg(long, value_name = "LOGIN")]
    assignee: Vec<String>,
    /// Put every pull request into this milestone, by its title or number
    #[arg(long, value_name = "TITLE")]
    milestone: Option<String>,
    /// Keep one issue with a list of the run's pull requests and how they stand
    #[arg(long)]
    tracking_issue: bool,
    /// Have the forge merge each by itself once its repository allows that [default: merge]
    #[arg(
        long,
        value_enum,
        value_name = "METHOD",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "merge"
    )]
    auto_merge: Option<MergeMethod>,
}

impl PublishingFlags {
    pub(super) fn apply(&self, publish: &mut PublishConfig) {
        publish.forge = self.forge.or(publish.forge);
        if self.forge == Some(ForgeChoice::Local) {
            // What stands in the file is for GitHub.
            publish.repo = None;
            publish.fork = None;
        }
        if self.fork.is_some() {
            publish.fork.clone_from(&self.fork);
        }
        if self.repo.is_some() {
            publish.repo.clone_from(&self.repo);
        }
        if self.remote.is_some() {
            publish.remote.clone_from(&self.remote);
        }
        if self.draft {
            publish.draft = Some(true);
        }
        publish.pace = self.pr_pace.or(publish.pace);
        publish.max_open = self.max_open.or(publish.max_open);
        publish.max_open_per_owner = self.max_open_per_owner.or(publish.max_open_per_owner);
        publish.max_pending_checks = self.max_pending_checks.or(publish.max_pending_checks);
        for (given, set) in [
            (&self.label, &mut publish.labels),
            (&self.reviewer, &mut publish.reviewers),
            (&self.team_reviewer, &mut publish.team_reviewers),
            (&self.assignee, &mut publish.assignees),
        ] {
            if !given.is_empty() {
                set.clone_from(given);
            }
        }
        publish.reviewers_from = self.reviewers_from.or(publish.reviewers_from);
        publish.max_reviewers = self.max_reviewers.or(publish.max_reviewers);
        if self.milestone.is_some() {
            publish.milestone.clone_from(&self.milestone);
        }
        if self.tracking_issue {
            publish.tracking_issue = Some(true);
        }
        publish.auto_merge = self.auto_merge.or(publish.auto_merge);
    }
}

impl RunFlags {
    pub(super) fn apply(&self, config: &mut Config) {
        config.run.jobs = self.jobs.or(config.run.jobs);
        config.run.min_success = self.min_success.or(config.run.min_success);
        self.caps.apply(config);
        config.run.best_of = self.best_of.or(config.run.best_of);
        if self.judge.is_some() {
            config.run.judge.clone_from(&self.judge);
        }
        if self.canary {
            config.run.canary = Some(true);
        }
        config.publish.when = self.publish.or(config.publish.when);
        if self.no_ci {
            config.publish.ci = Some(false);
        }
        if let Some(setup) = &self.setup {
            config.worktrees.setup = Some(setup.clone());
        }
        if self.keep_worktrees {
            config.worktrees.keep = Some(true);
        }
        if self.no_checks {
            config.checks.commands = Some(Vec::new());
        } else if !self.check.is_empty() {
            config.checks.commands = Some(self.check.clone());
        }
        config.checks.timeout = self.check_timeout.or(config.checks.timeout);
        if self.push {
            config.publish.push = Some(PushChoice::Always);
        }
        if self.no_push {
            config.publish.push = Some(PushChoice::Never);
        }
        self.publishing.apply(&mut config.publish);
    }

    pub(super) fn goal(&self) -> Goal {
        if self.dry_run {
            Goal::Commits
        } else {
            Goal::PullRequests
        }
    }
}
