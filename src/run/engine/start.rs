//! The first event of a process that drives a run: the run starts, it continues where an earlier process left it, or
//! some of its units start again. Everything that is refused is refused before that event is written.

use crate::config::Config;
use crate::git::{GitError, WorktreeState};
use crate::journal::Journal;
use crate::plan::UnitId;
use crate::plan::file::to_toml;
use crate::run::engine::error::RunError;
use crate::run::job::existing_work;
use crate::run::job::job::Job;
use crate::run::log::event::{Event, Recorded};
use crate::run::log::record::{append, load, now};
use crate::run::log::run_fact::{Amendment, Goal, Retry, RunFact, RunHeader};
use crate::run::log::run_state::RunState;
use crate::run::log::unit_fact::FollowUp;
use crate::run::log::unit_state::UnitState;
use crate::run::schedule::retry::{self, RetryError};

/// How a process starts to drive a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    New,
    /// The run continues where an earlier process left it.
    Resumed,
    /// The user accepted the canary, and the other units start.
    Accepted,
    /// Units that have ended start again, with what is different for them.
    Retried(Vec<UnitId>, Box<Amendment>),
    /// Published units get a follow-up on their pull requests.
    FollowUps(Vec<FollowUp>),
    /// The units' commits are published; these are the run's settings from now on.
    Republished(Box<Config>),
}

/// A run whose first event of this process is written.
pub(crate) struct Started {
    pub(crate) job: Job,
    pub(crate) first: Recorded,
    pub(crate) state: RunState,
}

/// Writes the first event of this process.
pub(crate) fn start(job: Job, start: Start, journal: &mut Journal) -> Result<Started, RunError> {
    match start {
        Start::New => {
            let (first, state) = begin(&job, journal)?;
            Ok(Started { job, first, state })
        }
        Start::Resumed => resume(job, journal),
        Start::Accepted => accept(job, journal),
        Start::Retried(units, amendment) => retry(job, units, *amendment, journal),
        Start::FollowUps(follow_ups) => follow_up(job, follow_ups, journal),
        Start::Republished(settings) => republish(job, &settings, journal),
    }
}

/// Writes the files that a resumed run needs, and then that the run started.
pub(crate) fn begin(job: &Job, journal: &mut Journal) -> Result<(Recorded, RunState), RunError> {
    let settings = job.spec.settings.to_toml().map_err(RunError::Settings)?;
    let places = &job.workspace.places;
    for (path, text) in [
        (places.plan(job.id()), to_toml(&job.spec.plan)),
        (places.settings(job.id()), settings),
    ] {
        std::fs::write(&path, text).map_err(|source| RunError::folder(&path, source))?;
    }
    let mut header = job.header();
    let parts = existing_work::parts(job).map_err(RunError::Work)?;
    for (unit, work) in header.units.iter_mut().zip(parts) {
        unit.work = work;
    }
    let started = Event::Run(RunFact::Started(Box::new(header.clone())));
    let first = append(journal, job.redactor(), job.id(), now(), started)?;
    // As it is written down: without secrets.
    if let Event::Run(RunFact::Started(written)) = &first.event {
        header.clone_from(written);
    }
    let state = RunState::start(job.id().clone(), header, first.at);
    Ok((first, state))
}

fn resume(job: Job, journal: &mut Journal) -> Result<Started, RunError> {
    let state = load(journal, job.id())?;
    let allow = newly_allowed(&job);
    let is_held = |unit: &UnitState| !allow.is_empty() && unit.is_held_for_content();
    let is_done = |unit: &UnitState| unit.is_settled() && !is_held(unit);
    if state.units.iter().all(is_done) && state.ended_at.is_some() {
        let id = job.id().clone();
        return Err(RunError::NothingLeft { id });
    }
    let settings = (!allow.is_empty()).then(|| job.spec.settings.clone());
    let fact = RunFact::Resumed {
        pid: std::process::id(),
        version: version(),
        allow,
    };
    let started = continue_at_same_place(job, state, fact, journal)?;
    if let Some(settings) = settings {
        // A resume of this resume allows the same.
        save_settings(&started.job, &settings)?;
    }
    Ok(started)
}

fn accept(job: Job, journal: &mut Journal) -> Result<Started, RunError> {
    let state = load(journal, job.id())?;
    let fact = RunFact::CanaryAccepted {
        pid: std::process::id(),
        version: version(),
    };
    continue_at_same_place(job, state, fact, journal)
}

fn retry(
    job: Job,
    units: Vec<UnitId>,
    amendment: Amendment,
    journal: &mut Journal,
) -> Result<Started, RunError> {
    let state = load(journal, job.id())?;
    retry::allowed(&state, &units)?;
    refuse_claimed(&job, &units)?;
    let fact = RunFact::Retried(Box::new(Retry {
        pid: std::process::id(),
        version: version(),
        units,
        amendment,
    }));
    continue_at_same_place(job, state, fact, journal)
}

fn follow_up(job: Job, units: Vec<FollowUp>, journal: &mut Journal) -> Result<Started, RunError> {
    let state = load(journal, job.id())?;
    if state.ended_at.is_none() {
        let id = job.id().clone();
        return Err(RetryError::NotEnded { id }.into());
    }
    refuse_claimed(&job, units.iter().map(|follow_up| &follow_up.unit))?;
    for follow_up in &units {
        // Another process may have finished a follow-up since the pull request was looked at.
        let unit = state.unit(&follow_up.unit);
        let commit = unit.and_then(|unit| unit.attempt.commit.as_ref());
        let is_known = |commit| {
            let repo = &job.workspace.repo;
            repo.contains(&follow_up.head, commit).unwrap_or(false)
        };
        if !commit.is_some_and(is_known) {
            let unit = follow_up.unit.clone();
            return Err(RetryError::Outdated { unit }.into());
        }
    }
    let fact = RunFact::FollowUpsStarted {
        pid: std::process::id(),
        version: version(),
        units,
    };
    continue_at_same_place(job, state, fact, journal)
}

fn republish(job: Job, settings: &Config, journal: &mut Journal) -> Result<Started, RunError> {
    let state = load(journal, job.id())?;
    let id = job.id().clone();
    if state.ended_at.is_none() {
        return Err(RetryError::NotEnded { id }.into());
    }
    let (forge, remote) = job.delivery.place();
    if state.unpublished_at(&forge) == 0 {
        return Err(RunError::NothingToPublish { id, forge });
    }
    save_settings(&job, settings)?;
    let fact = RunFact::Republished {
        pid: std::process::id(),
        version: version(),
        forge,
        remote,
    };
    take_over(job, state, fact, journal)
}

/// Returns what the user allows and the saved settings do not.
fn newly_allowed(job: &Job) -> Vec<String> {
    let saved = Config::read(&job.workspace.places.settings(job.id())).unwrap_or_default();
    let allow = job.spec.settings.run.allow.iter();
    let new = allow.filter(|allow| !saved.run.allow.contains(allow));
    new.map(ToString::to_string).collect()
}

/// Makes these the settings of the run from now on.
fn save_settings(job: &Job, settings: &Config) -> Result<(), RunError> {
    let path = job.workspace.places.settings(job.id());
    let text = settings.to_toml().map_err(RunError::Settings)?;
    std::fs::write(&path, text).map_err(|source| RunError::folder(&path, source))
}

fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// Refuses units whose checkout a person has locked or moved.
fn refuse_claimed<'a>(
    job: &Job,
    units: impl IntoIterator<Item = &'a UnitId>,
) -> Result<(), RetryError> {
    for unit in units {
        let checkout = job.checkout(unit);
        let standing = job
            .workspace
            .repo
            .worktree_state(checkout.name(), checkout.path());
        if let WorktreeState::Moved { .. } | WorktreeState::Locked { .. } = standing {
            return Err(RetryError::Claimed {
                unit: unit.clone(),
                path: checkout.path().to_path_buf(),
            });
        }
    }
    Ok(())
}

/// Continues a run whose pull requests go to the same place as before.
fn continue_at_same_place(
    job: Job,
    state: RunState,
    fact: RunFact,
    journal: &mut Journal,
) -> Result<Started, RunError> {
    let RunHeader {
        goal,
        forge,
        remote,
        ..
    } = &state.header;
    // A number names another pull request at another place.
    if *goal == Goal::PullRequests && !job.delivery.is_settled_at(forge, remote.as_deref()) {
        return Err(RunError::Elsewhere {
            id: job.id().clone(),
            forge: forge.clone(),
            remote: remote.clone(),
            now: job.delivery.words(),
        });
    }
    take_over(job, state, fact, journal)
}

fn take_over(
    job: Job,
    mut state: RunState,
    fact: RunFact,
    journal: &mut Journal,
) -> Result<Started, RunError> {
    let event = Event::Run(fact);
    let mut ahead = state.clone();
    ahead.apply(&Recorded {
        seq: 0,
        at: now(),
        event: event.clone(),
    });
    let job = job.with_state(&ahead)?;
    // The processes of an earlier process work on folders that are this process's now.
    job.workspace.process_tags().end_processes();
    bring_checkouts_along(&job, &state).map_err(RunError::Moved)?;
    let late = job.spec.late.iter().map(|late| &late.unit);
    for unit in job.spec.plan.units.iter().chain(late) {
        let branch = job.workspace.branch(&unit.id);
        // Should the lock stay, the unit that needs the branch says so.
        if let Err(error) = job.workspace.repo.unlock_branch(&branch) {
            tracing::warn!("{error}");
        }
    }
    let first = append(journal, job.redactor(), job.id(), now(), event)?;
    state.apply(&first);
    if let Some(sandbox) = job.sandbox.clone()
        && state.header.sandbox.as_ref() != Some(&sandbox)
    {
        let changed = Event::Run(RunFact::SandboxChanged { sandbox });
        state.apply(&append(journal, job.redactor(), job.id(), now(), changed)?);
    }
    Ok(Started { job, first, state })
}

/// Brings the checkouts along where somebody has moved the repository since they were made.
fn bring_checkouts_along(job: &Job, state: &RunState) -> Result<(), GitError> {
    for unit in &state.units {
        let Some(before) = &unit.attempt.worktree else {
            continue;
        };
        job.checkout(&unit.header.id).follow_repository(before)?;
        // No event names the checkouts of the base and of the union, which lie beside those of the units.
        for checkout in [job.base_checkout(), job.union_checkout()] {
            if let Some(name) = checkout.path().file_name() {
                checkout.follow_repository(&before.with_file_name(name))?;
            }
        }
    }
    Ok(())
}
