//! The place where a command works: the repository, its settings, and the run that the user means.

use std::path::PathBuf;

use anyhow::Context;

use super::global::Global;
use super::output::say;
use crate::config::Config;
use crate::git::Repo;
use crate::journal::{self, Repair};
use crate::run::{KnownRun, Places};

/// A repository with its settings.
pub(super) struct Workspace {
    pub(super) repo: Repo,
    pub(super) config: Config,
    /// The folder where the user called batch.
    pub(super) dir: PathBuf,
}

impl Workspace {
    pub(super) fn open(global: &Global) -> anyhow::Result<Self> {
        let dir = folder(global)?;
        let repo = Repo::discover(&dir)?;
        let mut config = match &global.config {
            Some(path) => Config::read(&dir.join(path))?,
            None => Config::of_checkout(repo.root())?,
        };
        config.load_prompts(repo.root())?;
        Ok(Self { repo, config, dir })
    }

    pub(super) fn places(&self) -> Places {
        Places::new(self.repo.state_dir())
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
