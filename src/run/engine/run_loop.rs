//! Runs a job from its first event to its last: a loop that hands one message after another to the engine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::journal::{Journal, RunLock};
use crate::run::engine::driver::{Engine, Inbox, Message};
use crate::run::engine::error::RunError;
use crate::run::engine::requests;
use crate::run::engine::start::{self, Start, Started};
use crate::run::job::job::Job;
use crate::run::log::event::Recorded;
use crate::run::log::run_fact::Stop;
use crate::run::log::run_state::RunState;
use crate::run::workspace::user_git::UserGit;

/// How many reports of usage are taken in together.
const REPORTS_AT_ONCE: usize = 1024;

/// Writes a new run down without running it: [`execute`] continues it, in this process or in another one.
pub fn announce(job: &Job) -> Result<(), RunError> {
    let (_lock, mut journal) = take(job)?;
    start::begin(job, &mut journal).map(drop)
}

/// Runs a job to its end, or until it is stopped. Every event is shown to `watch` when the state has taken it in.
///
/// Must be called inside a tokio runtime.
pub async fn execute(
    job: Job,
    start: Start,
    stops: mpsc::Receiver<Stop>,
    watch: &mut (dyn FnMut(&Recorded, &RunState) + Send),
) -> Result<RunState, RunError> {
    let (_lock, mut journal) = take(&job)?;
    let is_resumed = start == Start::Resumed;
    let Started { job, first, state } = start::start(job, start, &mut journal)?;
    watch(&first, &state);
    let user_git = Arc::new(UserGit::begin(&job.workspace).map_err(RunError::GitFolder)?);
    let (mut engine, inbox) = Engine::new(job, journal, state, user_git, watch, stops);
    if is_resumed {
        engine.look_up_publications().await?;
    }
    // When the journal fails, running workers end with the run: nothing that cannot be written down may continue.
    let _end = engine.cancel().drop_guard();
    Box::pin(run(engine, inbox)).await
}

/// Hands messages to the engine until the run has nothing left to wait for.
async fn run(mut engine: Engine<'_>, mut inbox: Inbox) -> Result<RunState, RunError> {
    let mut longest = Duration::ZERO;
    let mut reports = Vec::new();
    engine.advance()?;
    while engine.is_under_way() {
        let message = tokio::select! {
            // Events first: a task that has ended reported all its events before.
            biased;
            Some(event) = inbox.events.recv() => Message::Event(event),
            // An interruption is reported before its consequences.
            Some(report) = inbox.interruptions.recv() => Message::Interruption(report),
            Some(fact) = inbox.tracking.recv() => Message::Tracking(fact),
            Some(how) = inbox.stops.recv() => Message::Stop(how),
            Some(request) = inbox.requests.recv() => Message::Request(request),
            message = engine.next() => message,
            // Last, because an agent that prints without end must hold up nothing.
            1.. = inbox.usage.recv_many(&mut reports, REPORTS_AT_ONCE) => {
                Message::Usage(std::mem::take(&mut reports))
            }
        };
        let received = Instant::now();
        engine.handle(message).await?;
        longest = longest.max(received.elapsed());
    }
    tracing::debug!("no message held the loop for longer than {longest:?}");
    engine.end(inbox.tracking).await
}

/// Makes this process the one that drives the run.
fn take(job: &Job) -> Result<(RunLock, Journal), RunError> {
    let places = &job.workspace.places;
    let folder = places.run(job.id());
    std::fs::create_dir_all(&folder).map_err(|source| RunError::folder(&folder, source))?;
    let path = places.lock(job.id());
    let lock = RunLock::acquire(&path)
        .map_err(|source| RunError::folder(&path, source))?
        .map_err(|holder| RunError::Taken { holder })?;
    let folder = places.requests(job.id());
    requests::clear(&folder).map_err(|source| RunError::folder(&folder, source))?;
    Ok((lock, Journal::open(&places.journal())?))
}
