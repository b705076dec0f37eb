//! Writes events as rows of the journal, and reads them back.

use crate::journal::{Journal, JournalError, Row};
use crate::plan::UnitId;
use crate::run::log::event::{Event, Recorded};
use crate::run::log::redacted::redacted;
use crate::run::log::run_fact::RunFact;
use crate::run::log::run_id::RunId;
use crate::run::log::run_state::RunState;
use crate::run::log::unit_fact::UnitFact;
use crate::words::Redactor;

/// Why the journal cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(
        "event {seq} of the journal cannot be understood ({reason}); was it written by a newer batch?"
    )]
    Unreadable { seq: u64, reason: String },
    #[error("there has been no run in this repository yet")]
    NoRun,
    #[error("there is no run {wanted:?}{}", latest_words(known))]
    UnknownRun { wanted: String, known: Vec<String> },
    #[error("{wanted:?} may be any of the runs {}", known.join(", "))]
    SeveralRuns { wanted: String, known: Vec<String> },
}

impl RecordError {
    /// Checks whether the journal may be damaged.
    #[must_use]
    pub fn may_be_damage(&self) -> bool {
        matches!(
            self,
            Self::Journal(JournalError::Damaged { .. }) | Self::Unreadable { .. }
        )
    }
}

fn latest_words(known: &[String]) -> String {
    if known.is_empty() {
        String::new()
    } else {
        let shown = &known[..known.len().min(5)];
        format!("; the latest are {}", shown.join(", "))
    }
}

/// Kills the process in a build for tests: the variable `BATCH_CRASH` names the event, counted from 0, before which
/// (`7`) or after which (`7+`) the process dies. Not part of a release.
#[cfg(debug_assertions)]
fn crash_point(moment: &str) {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static WRITTEN: AtomicUsize = AtomicUsize::new(0);
    let number = match moment {
        "" => WRITTEN.load(Ordering::SeqCst),
        _ => WRITTEN.fetch_add(1, Ordering::SeqCst),
    };
    if std::env::var("BATCH_CRASH").is_ok_and(|wanted| wanted == format!("{number}{moment}")) {
        let _ = nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL);
    }
}

/// Writes an event without the secrets in it; when this returns, the event is on disk.
pub(crate) fn append(
    journal: &mut Journal,
    redactor: &Redactor,
    run: &RunId,
    at: i64,
    event: Event,
) -> Result<Recorded, RecordError> {
    let unreadable = |error: serde_json::Error| RecordError::Unreadable {
        seq: 0,
        reason: error.to_string(),
    };
    let event = redacted(event, redactor).map_err(unreadable)?;
    let (unit, fact) = match &event {
        Event::Run(fact) => (None, serde_json::to_string(fact)),
        Event::Unit(unit, fact) => (Some(unit.as_str()), serde_json::to_string(fact)),
    };
    let fact = fact.map_err(unreadable)?;
    #[cfg(debug_assertions)]
    crash_point("");
    let seq = journal.append(run.as_str(), unit, at, &fact)?;
    #[cfg(debug_assertions)]
    crash_point("+");
    Ok(Recorded { seq, at, event })
}

/// Returns the present moment, in milliseconds since 1970-01-01 UTC.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Reads all events of a run, oldest first.
pub fn events(journal: &Journal, run: &RunId) -> Result<Vec<Recorded>, RecordError> {
    events_after(journal, run, 0)
}

/// Reads the events of a run after the event numbered `seq`, oldest first.
pub fn events_after(
    journal: &Journal,
    run: &RunId,
    seq: u64,
) -> Result<Vec<Recorded>, RecordError> {
    journal
        .events(run.as_str(), seq)?
        .into_iter()
        .map(|row| understand(&row))
        .collect()
}

/// Reads the state of a run.
pub fn load(journal: &Journal, run: &RunId) -> Result<RunState, RecordError> {
    fold(run, &events(journal, run)?)
}

/// Folds all events of a run into its state.
pub fn fold(run: &RunId, events: &[Recorded]) -> Result<RunState, RecordError> {
    RunState::fold(run, events).ok_or_else(|| RecordError::Unreadable {
        seq: events.first().map_or(0, |event| event.seq),
        reason: "the run does not begin with its start".into(),
    })
}

/// Finds the run that `wanted` names (its id, or a part that only one id has), or the latest run.
pub fn find(journal: &Journal, wanted: Option<&str>) -> Result<RunId, RecordError> {
    let known = journal.runs()?;
    let Some(wanted) = wanted else {
        return known
            .first()
            .map(|id| RunId::from_journal(id))
            .ok_or(RecordError::NoRun);
    };
    if known.iter().any(|id| id == wanted) {
        return Ok(RunId::from_journal(wanted));
    }
    let near: Vec<String> = known
        .iter()
        .filter(|id| !wanted.is_empty() && id.contains(wanted))
        .cloned()
        .collect();
    match &near[..] {
        [one] => Ok(RunId::from_journal(one)),
        [] => Err(RecordError::UnknownRun {
            wanted: wanted.to_owned(),
            known,
        }),
        _ => Err(RecordError::SeveralRuns {
            wanted: wanted.to_owned(),
            known: near,
        }),
    }
}

fn understand(row: &Row) -> Result<Recorded, RecordError> {
    let fault = |reason: String| RecordError::Unreadable {
        seq: row.seq,
        reason,
    };
    let event = match &row.unit {
        None => {
            let fact: RunFact =
                serde_json::from_str(&row.fact).map_err(|error| fault(error.to_string()))?;
            Event::Run(fact)
        }
        Some(unit) => {
            let fact: UnitFact =
                serde_json::from_str(&row.fact).map_err(|error| fault(error.to_string()))?;
            Event::Unit(UnitId::parse(unit).map_err(fault)?, fact)
        }
    };
    Ok(Recorded {
        seq: row.seq,
        at: row.at,
        event,
    })
}

#[cfg(test)]
mod tests;
