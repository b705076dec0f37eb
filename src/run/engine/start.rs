//! The first fact of a process that drives a run: it begins, it goes on where an earlier one left it, or some of its
//! units are done anew. What is refused is refused before that fact is written.

use crate::config::Config;
use crate::git::{Colours, Standing};
use crate::journal::Journal;
use crate::plan::UnitId;
use crate::plan::file::to_toml;
use crate::run::engine::error::RunError;
use crate::run::job::spec::Job;
use crate::run::log::event::{Amendment, Event, Goal, Recorded, Retry, RunFact, RunHeader};
use crate::run::log::follow_up::FollowUp;
use crate::run::log::record::{append, load, now};
use crate::run::log::state::{RunState, UnitState};
use crate::run::schedule::retry::{self, RetryError};
use crate::run::workspace::places::worktree_name;
use crate::run::workspace::process_tags::ProcessTags;

/// A longer example teaches nothing more.
const EXAMPLE_BYTES: usize = 24 * 1024;

/// Where a run begins.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    New,
    /// Where an earlier process left it.
    Resumed,
    /// With the units that waited for the canary, which somebody has accepted.
    Accepted,
    /// With units that have ended, and with different orders for them.
    Retried(Vec<UnitId>, Box<Amendment>),
    /// With published units, to mend what was said of their pull requests.
    FollowUps(Vec<FollowUp>),
    /// With what the units have committed, to publish it; these are the run's settings from now on.
    Republished(Box<Config>),
}

/// Writes down what a run needs to be resumed, and then that it has begun.
pub(crate) fn begin(job: &Job, journal: &mut Journal) -> Result<(Recorded, RunState), RunError> {
    let settings = job.settings.to_toml().map_err(RunError::Settings)?;
    for (path, text) in [
        (job.places.plan(&job.id), to_toml(&job.plan)),
        (job.places.settings(&job.id), settings),
    ] {
        std::fs::write(&path, text).map_err(|source| RunError::folder(&path, source))?;
    }
    let started = Event::Run(RunFact::Started(Box::new(job.header())));
    let first = append(journal, &job.id, now(), started)?;
    let state = RunState::start(job.id.clone(), job.header(), first.at);
    Ok((first, state))
}

/// Takes a run up where the journal stands.
pub(crate) fn resume(
    job: &mut Job,
    journal: &mut Journal,
) -> Result<(Recorded, RunState), RunError> {
    let state = load(journal, &job.id)?;
    if state.units.iter().all(UnitState::is_settled) && state.ended_at.is_some() {
        return Err(RunError::NothingLeft { id: job.id.clone() });
    }
    let fact = RunFact::Resumed {
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    go_on(job, state, fact, journal)
}

/// Takes a run up whose canary is accepted.
pub(crate) fn accept(
    job: &mut Job,
    journal: &mut Journal,
) -> Result<(Recorded, RunState), RunError> {
    let state = load(journal, &job.id)?;
    let fact = RunFact::CanaryAccepted {
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    go_on(job, state, fact, journal)
}

/// Takes up a run that had come to its end, for the sake of these units.
pub(crate) fn retry(
    job: &mut Job,
    units: Vec<UnitId>,
    amendment: Amendment,
    journal: &mut Journal,
) -> Result<(Recorded, RunState), RunError> {
    let state = load(journal, &job.id)?;
    retry::allowed(&state, &units)?;
    unclaimed(job, &units)?;
    let fact = RunFact::Retried(Box::new(Retry {
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        units,
        amendment,
    }));
    go_on(job, state, fact, journal)
}

/// Whether nobody has made the units' worktrees their own.
fn unclaimed<'a>(job: &Job, units: impl IntoIterator<Item = &'a UnitId>) -> Result<(), RetryError> {
    for unit in units {
        let path = job.naming.folder(&job.id, unit);
        let standing = job.repo.standing(&worktree_name(&job.id, unit), &path);
        if let Standing::Moved { .. } | Standing::Locked { .. } = standing {
            let unit = unit.clone();
            return Err(RetryError::Claimed { unit, path });
        }
    }
    Ok(())
}

/// Takes up a run that had come to its end, to mend what was said of pull requests of it.
pub(crate) fn follow_up(
    job: &mut Job,
    units: Vec<FollowUp>,
    journal: &mut Journal,
) -> Result<(Recorded, RunState), RunError> {
    let state = load(journal, &job.id)?;
    if state.ended_at.is_none() {
        let id = job.id.clone();
        return Err(RetryError::NotEnded { id }.into());
    }
    unclaimed(job, units.iter().map(|mending| &mending.unit))?;
    for mending in &units {
        // Somebody else may have had it mended since it was looked at.
        let commit = state.unit(&mending.unit).and_then(|it| it.commit.as_ref());
        let is_known = |commit: &String| job.repo.contains(&mending.head, commit).unwrap_or(false);
        if !commit.is_some_and(is_known) {
            let unit = mending.unit.clone();
            return Err(RetryError::Outdated { unit }.into());
        }
    }
    let fact = RunFact::FollowUpsStarted {
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        units,
    };
    go_on(job, state, fact, journal)
}

/// What an accepted canary changed, for the other units' agents to look at.
fn example(job: &Job, state: &RunState) -> Option<(UnitId, String)> {
    let id = state.header.canary.as_ref()?;
    let unit = state.unit(id).filter(|_| state.canary_is_accepted)?;
    let patch = job
        .repo
        .patch(unit.start.as_ref()?, unit.commit.as_ref()?, Colours::Off)
        .inspect_err(|error| tracing::warn!("the canary cannot serve as an example: {error}"))
        .ok()?;
    let mut text = String::from_utf8_lossy(&patch).into_owned();
    if text.len() > EXAMPLE_BYTES {
        let end = text.floor_char_boundary(EXAMPLE_BYTES);
        text.truncate(text[..end].rfind('\n').map_or(end, |line| line + 1));
        text.push_str("(cut here)\n");
    }
    Some((id.clone(), text))
}

/// Takes up a run that had come to its end, to publish what it has committed. No agent runs again.
pub(crate) fn republish(
    job: &mut Job,
    settings: &Config,
    journal: &mut Journal,
) -> Result<(Recorded, RunState), RunError> {
    let state = load(journal, &job.id)?;
    let id = job.id.clone();
    if state.ended_at.is_none() {
        return Err(RetryError::NotEnded { id }.into());
    }
    let (forge, remote) = job.delivery.place();
    if state.unpublished_at(&forge) == 0 {
        return Err(RunError::NothingToPublish { id, forge });
    }
    let path = job.places.settings(&id);
    let text = settings.to_toml().map_err(RunError::Settings)?;
    std::fs::write(&path, text).map_err(|source| RunError::folder(&path, source))?;
    let fact = RunFact::Republished {
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        forge,
        remote,
    };
    take_up(job, state, fact, journal)
}

/// Takes a run up with its pull requests where they have been until now.
fn go_on(
    job: &mut Job,
    state: RunState,
    fact: RunFact,
    journal: &mut Journal,
) -> Result<(Recorded, RunState), RunError> {
    let RunHeader {
        goal,
        forge,
        remote,
        ..
    } = &state.header;
    // What one place knows by a number is something else in another.
    if *goal == Goal::PullRequests && !job.delivery.is_settled_at(forge, remote.as_deref()) {
        return Err(RunError::Elsewhere {
            id: job.id.clone(),
            forge: forge.clone(),
            remote: remote.clone(),
            now: job.delivery.words(),
        });
    }
    take_up(job, state, fact, journal)
}

fn take_up(
    job: &mut Job,
    mut state: RunState,
    fact: RunFact,
    journal: &mut Journal,
) -> Result<(Recorded, RunState), RunError> {
    let event = Event::Run(fact);
    let mut ahead = state.clone();
    ahead.apply(&Recorded {
        seq: 0,
        at: now(),
        event: event.clone(),
    });
    for unit in &ahead.units {
        job.amend(&unit.header.id, &unit.amendment)?;
    }
    job.example = example(job, &ahead);
    // Whatever an earlier process started works on folders that are ours now.
    ProcessTags::of_run(&job.repo, &job.id).end_strays();
    for unit in &job.plan.units {
        let branch = job.naming.branch(&job.id, &unit.id);
        // Should it stay, the unit that needs the branch says so.
        if let Err(error) = job.repo.unlock_branch(&branch) {
            tracing::warn!("{error}");
        }
    }
    let first = append(journal, &job.id, now(), event)?;
    state.apply(&first);
    Ok((first, state))
}
