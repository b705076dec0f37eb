//! How a plan is run.

use clap::Args;

use super::allow::AllowFlags;
use super::caps::CapFlags;
use super::publishing::PublishingFlags;
use super::resume::Consent;
use super::sandbox::SandboxFlags;
use crate::config::{BestOf, Config, Limit, MinSuccess, PublishWhen, PushChoice, ScopeRule};
use crate::run::Goal;

/// How a plan is run.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of its own on the command line"
)]
#[derive(Debug, Args)]
#[command(next_help_heading = "Run")]
pub(in crate::cli) struct RunFlags {
    /// Approve the plan without being asked
    #[arg(short, long)]
    pub(in crate::cli) yes: bool,
    /// How many agents work at once [default: the number of processors, at most 4]
    #[arg(short, long, value_name = "N")]
    jobs: Option<usize>,
    /// Start as many agents as -j says, also while the machine is overloaded
    #[arg(long)]
    no_governor: bool,
    /// A shell command that prepares each new worktree, such as 'npm ci'
    #[arg(long, value_name = "CMD")]
    setup: Option<String>,
    /// A shell command that runs in each worktree after the agent, such as the project's formatter: what it changes
    /// of the unit's own files belongs to the unit's work, all else is undone; {files} stands for the changed files;
    /// may be given several times
    #[arg(long, value_name = "CMD")]
    tidy: Vec<String>,
    /// Keep the worktrees of published units too
    #[arg(long)]
    keep_worktrees: bool,
    /// How many units must succeed: with fewer, nothing is published and the exit code is 1 [default: every unit that
    /// succeeds is published, and the exit code is 0 if all succeed]
    #[arg(long, value_name = "N|P%")]
    min_success: Option<MinSuccess>,
    /// Do one unit first, show its change, and start the others once the change is accepted
    #[arg(long)]
    canary: bool,
    /// Start as many units of a coding agent as -j says at once, also in a run that nobody watches
    #[arg(long)]
    no_pilot: bool,
    /// What a unit may come to own beyond the files that it claims [default: adopt]
    #[arg(long, value_enum, value_name = "RULE")]
    scope: Option<ScopeRule>,
    /// Add a last unit that starts from the work of all other units, may change everything, and does what these words
    /// say
    #[arg(long, value_name = "INSTRUCTION")]
    integrate: Option<String>,
    /// Have the command work once for all units, in a worktree of the base, and divide its changes among them
    #[arg(long)]
    once: bool,
    /// Do each unit N times from scratch and take the best candidate: by its checks, then by the smallest change
    #[arg(long, value_name = "N")]
    best_of: Option<BestOf>,
    /// With --best-of: a shell command that chooses among equally good candidates; its last word is the number of the
    /// best
    #[arg(long, value_name = "CMD")]
    judge: Option<String>,
    #[command(flatten)]
    caps: CapFlags,
    /// Run in the background, independent of this terminal; batch status shows the run
    #[arg(long)]
    pub(in crate::cli) detach: bool,
    #[command(flatten)]
    allow: AllowFlags,
    /// Stop after the commits: nothing is pushed, no pull request is opened
    #[arg(long)]
    dry_run: bool,
    /// A shell command that must pass in the root of the worktree; may be given several times [default: the test
    /// commands that batch finds]
    #[arg(long, value_name = "CMD", help_heading = "Checks")]
    check: Vec<String>,
    /// Run no checks
    #[arg(long, conflicts_with = "check", help_heading = "Checks")]
    no_checks: bool,
    /// A shell command for all units together, with --publish after-union; may be given several times [default: the
    /// checks of the units]
    #[arg(long, value_name = "CMD", help_heading = "Checks")]
    union_check: Vec<String>,
    /// How long one check may take [default: 20m]
    #[arg(long, value_name = "TIME", help_heading = "Checks")]
    check_timeout: Option<Limit>,
    /// Push the branches even if no pull request needs them
    #[arg(long, help_heading = "Publishing")]
    push: bool,
    /// Push nothing: branches and pull requests (as pages) stay in this repository
    #[arg(long, conflicts_with = "push", help_heading = "Publishing")]
    no_push: bool,
    /// Mark the commits with [skip ci], so that continuous integration ignores them
    #[arg(long, help_heading = "Publishing")]
    no_ci: bool,
    /// When pull requests are opened [default: as-ready]
    #[arg(long, value_enum, value_name = "WHEN", help_heading = "Publishing")]
    publish: Option<PublishWhen>,
    #[command(flatten)]
    publishing: PublishingFlags,
    #[command(flatten)]
    sandbox: SandboxFlags,
}

impl RunFlags {
    pub(in crate::cli) fn apply(&self, config: &mut Config) {
        config.run.jobs = self.jobs.or(config.run.jobs);
        if self.no_governor {
            config.run.governor = Some(false);
        }
        config.run.min_success = self.min_success.or(config.run.min_success);
        config.run.scope = self.scope.or(config.run.scope);
        if self.integrate.is_some() {
            config.run.integrate.clone_from(&self.integrate);
        }
        self.allow.apply(config);
        self.caps.apply(config);
        config.run.best_of = self.best_of.or(config.run.best_of);
        if self.judge.is_some() {
            config.run.judge.clone_from(&self.judge);
        }
        if self.once {
            config.run.once = Some(true);
        }
        if self.canary {
            config.run.canary = Some(true);
        }
        if self.no_pilot {
            config.run.pilot = Some(false);
        } else if self.yes {
            // Nobody watches the run.
            config.run.pilot.get_or_insert(true);
        }
        config.publish.when = self.publish.or(config.publish.when);
        if self.no_ci {
            config.publish.ci = Some(false);
        }
        if let Some(setup) = &self.setup {
            config.worktrees.setup = Some(setup.clone());
        }
        if !self.tidy.is_empty() {
            config.worktrees.tidy.clone_from(&self.tidy);
        }
        if self.keep_worktrees {
            config.worktrees.keep = Some(true);
        }
        if self.no_checks {
            config.checks.commands = Some(Vec::new());
        } else if !self.check.is_empty() {
            config.checks.commands = Some(self.check.clone());
        }
        if !self.union_check.is_empty() {
            config.checks.union = Some(self.union_check.clone());
        }
        config.checks.timeout = self.check_timeout.or(config.checks.timeout);
        if self.push {
            config.publish.push = Some(PushChoice::Always);
        }
        if self.no_push {
            config.publish.push = Some(PushChoice::Never);
        }
        self.publishing.apply(&mut config.publish);
        self.sandbox.apply(config);
    }

    /// `--yes` accepts the plan and its canary.
    pub(in crate::cli) fn consent(&self) -> Consent {
        if self.yes {
            Consent::Given
        } else {
            Consent::Ask
        }
    }

    pub(in crate::cli) fn goal(&self) -> Goal {
        if self.dry_run {
            Goal::Commits
        } else {
            Goal::PullRequests
        }
    }
}
