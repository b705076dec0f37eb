//! Decides which run and which of its units a command means.

use crate::git::Repo;
use crate::journal::{self, Journal, JournalError, Repair};
use crate::plan::UnitId;
use crate::run::engine::liveness::{Liveness, LockUnreadable};
use crate::run::log::record::{RecordError, find, load};
use crate::run::log::run_id::RunId;
use crate::run::log::run_state::RunState;
use crate::run::log::unit_state::UnitState;
use crate::run::workspace::places::Places;
use crate::run::workspace::process_tags::{ProcessTags, UnitProcess};
use crate::words;

/// An error names at most this many units.
const NAMED: usize = 8;

/// A run as the journal knows it.
pub struct KnownRun {
    pub repo: Repo,
    pub places: Places,
    pub state: RunState,
    pub liveness: Liveness,
}

/// Why no run or unit is meant.
#[derive(Debug, thiserror::Error)]
pub enum KnownRunError {
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Lock(#[from] LockUnreadable),
    #[error("run {run} has no unit {wanted:?}; it has {}", words::few(units.iter(), NAMED))]
    NoUnit {
        run: RunId,
        wanted: String,
        units: Vec<UnitId>,
    },
    #[error("{wanted:?} may be any of the units {}", words::few(units.iter(), NAMED))]
    SeveralUnits { wanted: String, units: Vec<UnitId> },
}

impl KnownRun {
    /// Reads the run that `wanted` means (its id, or a part of it that only one run has), or the latest. A repair of
    /// the journal goes to `report`, also when no run can be read afterwards.
    pub fn open(
        repo: Repo,
        wanted: Option<&str>,
        report: impl FnOnce(&Repair),
    ) -> Result<Self, KnownRunError> {
        let places = Places::new(repo.state_dir());
        let read = |journal: &Journal| load(journal, &find(journal, wanted)?);
        let state = read_journal(&places, read, report)?;
        let liveness = Liveness::of(&places, &state)?;
        Ok(Self {
            repo,
            places,
            state,
            liveness,
        })
    }

    /// The tags of all processes that work for the run.
    #[must_use]
    pub fn process_tags(&self) -> ProcessTags {
        ProcessTags::of_run(&self.repo, &self.state.id)
    }

    /// The processes that still work for the run although no process drives it.
    #[must_use]
    pub fn left_processes(&self) -> Vec<UnitProcess> {
        match self.liveness {
            Liveness::Going => Vec::new(),
            Liveness::Ended | Liveness::Died => self.process_tags().processes(),
        }
    }

    /// The unit that `wanted` means: its id, or a part of it that only one unit has.
    pub fn unit(&self, wanted: &str) -> Result<&UnitState, KnownRunError> {
        let exact = UnitId::parse(wanted)
            .ok()
            .and_then(|id| self.state.unit(&id));
        if let Some(unit) = exact {
            return Ok(unit);
        }
        let units = &self.state.units;
        let is_near =
            |unit: &&UnitState| !wanted.is_empty() && unit.header.id.as_str().contains(wanted);
        let near: Vec<&UnitState> = units.iter().filter(is_near).collect();
        let ids = |units: &mut dyn Iterator<Item = &UnitState>| {
            units.map(|unit| unit.header.id.clone()).collect()
        };
        let wanted = wanted.to_owned();
        match near[..] {
            [unit] => Ok(unit),
            [] => Err(KnownRunError::NoUnit {
                run: self.state.id.clone(),
                wanted,
                units: ids(&mut units.iter()),
            }),
            _ => Err(KnownRunError::SeveralUnits {
                wanted,
                units: ids(&mut near.into_iter()),
            }),
        }
    }

    /// The units that these names mean, each once.
    pub fn units(&self, wanted: &[String]) -> Result<Vec<UnitId>, KnownRunError> {
        let mut units = Vec::new();
        for wanted in wanted {
            let unit = &self.unit(wanted)?.header.id;
            if !units.contains(unit) {
                units.push(unit.clone());
            }
        }
        Ok(units)
    }
}

/// Reads something in the journal. A damaged journal is repaired first, and the repair goes to `report`.
pub fn read_journal<T>(
    places: &Places,
    read: impl Fn(&Journal) -> Result<T, RecordError>,
    report: impl FnOnce(&Repair),
) -> Result<T, RecordError> {
    let path = places.journal();
    let read = || read(&Journal::read(&path)?.ok_or(RecordError::NoRun)?);
    let is_empty = path.metadata().is_ok_and(|known| known.len() == 0);
    match read() {
        Err(error) if is_empty || error.may_be_damage() => match journal::repair(&path)? {
            Some(repair) => {
                report(&repair);
                read()
            }
            None => Err(error),
        },
        other => other,
    }
}
