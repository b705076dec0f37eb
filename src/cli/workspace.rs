//! What nearly every command needs first: the repository, the settings, and the run that is meant.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;

use anyhow::Context;

use super::{Global, say};
use crate::config::Config;
use crate::git::Repo;
use crate::journal::{self, Holder, Journal, RunLock};
use crate::plan::UnitId;
use crate::report::Liveness;
use crate::run::{self, Places, RecordError, RunId, RunState, UnitState};

/// A repository with the settings for it.
pub(super) struct Workspace {
    pub(super) repo: Repo,
    pub(super) config: Config,
    /// The folder in which the user stands.
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

/// The folder in which the user stands.
pub(super) fn folder(global: &Global) -> anyhow::Result<PathBuf> {
    match &global.dir {
        Some(dir) if !dir.is_dir() => anyhow::bail!("there is no folder {}", dir.display()),
        Some(dir) => std::path::absolute(dir)
            .with_context(|| format!("the folder {} cannot be found", dir.display())),
        None => std::env::current_dir().context("the current folder is gone"),
    }
}

/// A run as the journal knows it.
pub(super) struct KnownRun {
    pub(super) repo: Repo,
    pub(super) places: Places,
    pub(super) state: RunState,
    pub(super) liveness: Liveness,
}

impl KnownRun {
    /// The run that `wanted` means, or the latest.
    pub(super) fn open(global: &Global, wanted: Option<&str>) -> anyhow::Result<Self> {
        let repo = Repo::discover(&folder(global)?)?;
        let places = Places::new(repo.state_dir());
        let state = read_journal(&places, |journal| {
            run::load(journal, &run::find(journal, wanted)?)
        })?;
        let liveness = liveness(&places, &state)?;
        Ok(Self {
            repo,
            places,
            state,
            liveness,
        })
    }

    /// The unit that `wanted` means: its id, or a part of it that only one has.
    pub(super) fn unit(&self, wanted: &str) -> anyhow::Result<&UnitState> {
        let exact = UnitId::parse(wanted)
            .ok()
            .and_then(|id| self.state.unit(&id));
        if let Some(unit) = exact {
            return Ok(unit);
        }
        let near: Vec<&UnitState> = self
            .state
            .units
            .iter()
            .filter(|unit| !wanted.is_empty() && unit.header.id.as_str().contains(wanted))
            .collect();
        let names = |units: &[&UnitState]| {
            let names: Vec<&str> = units
                .iter()
                .take(8)
                .map(|unit| unit.header.id.as_str())
                .collect();
            names.join(", ")
        };
        match near[..] {
            [unit] => Ok(unit),
            [] => {
                let all: Vec<&UnitState> = self.state.units.iter().collect();
                anyhow::bail!(
                    "run {} has no unit {wanted:?}; it has {}",
                    self.state.id,
                    names(&all)
                )
            }
            _ => anyhow::bail!("{wanted:?} may be any of the units {}", names(&near)),
        }
    }
}

/// Reads something in the journal. One that turns out to be damaged is mended first, and that is said.
pub(super) fn read_journal<T>(
    places: &Places,
    read: impl Fn(&Journal) -> Result<T, RecordError>,
) -> anyhow::Result<T> {
    let path = places.journal();
    let read = || read(&Journal::read(&path)?.ok_or(RecordError::NoRun)?);
    let sound = !path.metadata().is_ok_and(|known| known.len() == 0);
    match read() {
        Err(error) if !sound || error.may_be_damage() => match journal::repair(&path)? {
            Some(repair) => {
                say(&format!("warning: {repair}"));
                Ok(read()?)
            }
            None => Ok(Err(error)?),
        },
        other => Ok(other?),
    }
}

/// Makes sure that the journal can be relied on before anything is begun that it has to remember.
pub(super) fn secure_journal(places: &Places) -> anyhow::Result<()> {
    if let Some(repair) = journal::repair(&places.journal())? {
        say(&format!("warning: {repair}"));
    }
    Ok(())
}

/// Whether somebody drives the run.
pub(super) fn liveness(places: &Places, state: &RunState) -> anyhow::Result<Liveness> {
    if state.ended_at.is_some() {
        return Ok(Liveness::Ended);
    }
    let lock = places.lock(&state.id);
    let holder = RunLock::holder(&lock)
        .with_context(|| format!("the lock {} cannot be read", lock.display()))?;
    Ok(match holder {
        Holder::Process(_) => Liveness::Going,
        Holder::Nobody => Liveness::Died,
    })
}

/// Says once what is worth knowing of the repository before anything is planned.
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

/// A new run's id, which no other run of this repository has.
pub(super) fn new_run_id(places: &Places) -> RunId {
    // Whoever needs the journal says what is wrong with it.
    let journal = Journal::read(&places.journal()).ok().flatten();
    let known = journal.and_then(|journal| journal.runs().ok());
    let known = known.unwrap_or_default();
    // The generator's own seed is but the time of day, which two processes may have in common.
    let seed = RandomState::new().hash_one(std::process::id());
    let mut random = fastrand::Rng::with_seed(seed);
    let today = jiff::Zoned::now().date();
    loop {
        let id = RunId::new(today, &mut random);
        if !known.iter().any(|run| run == id.as_str()) {
            return id;
        }
    }
}
