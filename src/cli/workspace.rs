//! The place where a command works: the repository, its settings, and the run that the user means.

use std::num::NonZero;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::approval::{self, Part};
use super::global::Global;
use super::output::say;
use crate::config::{Config, FILE_NAME, Team, own_settings};
use crate::git::{Base, Repo, WriteLimits};
use crate::journal::{self, Repair};
use crate::run::{self, Goal, KnownRun, Places};

/// The name of the team's settings in a refusal.
const WHO: &str = "batch.toml or .batch/ of this repository";

/// A repository with its settings.
pub(super) struct Workspace {
    pub(super) repo: Repo,
    pub(super) config: Config,
    /// The folder where the user called batch.
    pub(super) dir: PathBuf,
}

impl Workspace {
    /// Opens the repository with its settings; those that decide what runs must be approved.
    pub(super) fn open(global: &Global) -> anyhow::Result<Self> {
        Self::approved(global, |_| Ok(Vec::new()))
    }

    /// Does the same for a run, in which git obeys the repository's own configuration.
    pub(super) fn open_for_run(global: &Global) -> anyhow::Result<Self> {
        Self::approved(global, |repo| Ok(vec![Part::of_git(repo)?]))
    }

    fn approved(
        global: &Global,
        further: impl FnOnce(&Repo) -> anyhow::Result<Vec<Part>>,
    ) -> anyhow::Result<Self> {
        let dir = folder(global)?;
        let repo = Repo::discover(&dir)?;
        let team = team(global, &dir, &repo)?;
        // Only now: a file that would hold batch for ever is refused above.
        let own_file = repo.root().join(FILE_NAME);
        if global.config.is_none() && own_file.exists() {
            refuse_loosening(&own_file)?;
        }
        let mut parts = vec![Part::new(WHO, team.deciding().clone())];
        parts.extend(further(&repo)?);
        approval::require(global, &repo, &parts)?;
        Self::with(repo, &team, dir)
    }

    /// Opens the repository without asking: settings that decide what runs count only where they are approved.
    pub(super) fn unasked(global: &Global) -> anyhow::Result<Self> {
        let dir = folder(global)?;
        let repo = Repo::discover(&dir)?;
        let mut team = team(global, &dir, &repo)?;
        if !approval::is_approved(global, &repo, team.deciding()) {
            team = team.harmless();
        }
        Self::with(repo, &team, dir)
    }

    fn with(repo: Repo, team: &Team, dir: PathBuf) -> anyhow::Result<Self> {
        let own = own_settings(|name| std::env::var_os(name));
        let mut config = team.above(own.as_deref())?;
        // What a file says of it is nobody's approval.
        config.agent_settings.clear();
        let repo = repo.with_write_limits(write_limits(&config));
        Ok(Self { repo, config, dir })
    }

    /// Finds the base of the settings.
    pub(super) fn base(&self) -> anyhow::Result<Base> {
        let Self { repo, config, .. } = self;
        let remote = repo.remote(config.publish.remote.as_deref())?;
        Ok(repo.base(config.plan.base.as_deref(), remote.as_deref())?)
    }

    pub(super) fn places(&self) -> Places {
        Places::new(self.repo.state_dir())
    }
}

/// Refuses settings of a repository by which workers reach more than without them: that is for the user to say.
fn refuse_loosening(path: &Path) -> anyhow::Result<()> {
    let sandbox = Config::read(path)?.sandbox;
    let loosening = sandbox.loosening();
    if let Some(key) = loosening.or_else(|| run::limit_above_usual(&sandbox)) {
        anyhow::bail!(
            "{}: {key} under [sandbox] lets workers reach more, and a repository must not decide that: set it in your \
             own settings (~/.config/batch/config.toml), or name the file with --config",
            path.display()
        );
    }
    Ok(())
}

/// Reads the settings of the team: in the file that the user names, or in the checkout.
pub(super) fn team(global: &Global, dir: &Path, repo: &Repo) -> anyhow::Result<Team> {
    Ok(match &global.config {
        Some(path) => Team::in_file(&dir.join(path), repo.root())?,
        None => Team::of_checkout(repo.root())?,
    })
}

/// Returns how much a worker may write by these settings.
fn write_limits(config: &Config) -> WriteLimits {
    let usual = WriteLimits::default();
    let own = &config.worktrees;
    WriteLimits {
        files: own.max_files.map_or(usual.files, NonZero::get),
        bytes: own.max_bytes.map_or(usual.bytes, NonZero::get),
    }
}

/// Returns the folder where the user called batch.
pub(super) fn folder(global: &Global) -> anyhow::Result<PathBuf> {
    match &global.dir {
        Some(dir) if !dir.is_dir() => anyhow::bail!("there is no folder {}", dir.display()),
        Some(dir) => std::path::absolute(dir)
            .with_context(|| format!("the folder {} cannot be found", dir.display())),
        None => std::env::current_dir().context("the current folder is gone"),
    }
}

/// Reads the run that `wanted` names, or the latest.
pub(super) fn known_run(global: &Global, wanted: Option<&str>) -> anyhow::Result<KnownRun> {
    let repo = Repo::discover(&folder(global)?)?;
    Ok(KnownRun::open(repo, wanted, warn_of_repair)?)
}

/// Reports a repair of the journal.
pub(super) fn warn_of_repair(repair: &Repair) {
    say(&format!("warning: {repair}"));
}

/// Checks that the journal is sound before anything starts that needs it.
pub(super) fn secure_journal(places: &Places) -> anyhow::Result<()> {
    if let Some(repair) = journal::repair(&places.journal())? {
        warn_of_repair(&repair);
    }
    Ok(())
}

/// Refuses a base that no pull request can go to, and prints notes on it. An agent may be paid for the plan, so this
/// comes before it.
pub(super) fn check_base(workspace: &Workspace, base: &Base, goal: Goal) -> anyhow::Result<()> {
    if goal == Goal::PullRequests {
        for note in run::check_base(&workspace.repo, &workspace.config, base)? {
            say(&format!("note: {note}"));
        }
    }
    Ok(())
}

/// Prints notes on the repository that matter for every plan.
pub(super) fn say_circumstances(repo: &Repo) -> anyhow::Result<()> {
    if repo.is_shallow()? {
        say(
            "note: this is a shallow clone; if a forge refuses its branches, run git fetch --unshallow",
        );
    }
    if repo.has_uncommitted_changes()? {
        say("note: uncommitted changes are not part of the base, so they are not part of any unit");
    }
    Ok(())
}
