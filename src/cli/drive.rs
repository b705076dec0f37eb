//! A run driven from its first event of this process to its report: shown while it goes, ended by Ctrl-C, and gone on
//! with where it stopped by itself and the person at the terminal wants that.

use std::path::PathBuf;

use anyhow::Context;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::going_on;
use super::job::{Otherwise, prepare_again};
use super::workspace::KnownRun;
use super::{Global, print, say, stdout_width};
use crate::git::delete_tree;
use crate::progress::{self, Form};
use crate::report::{self, Liveness, Report};
use crate::run::{self, Job, Places, RunState, Start, Stop, StopReason, UnitState};

pub(super) const NOT_APPROVED: u8 = 3;
pub(super) const INTERRUPTED: u8 = 130;

/// Executes the job, and gives the exit code. `otherwise` is what the command line says of a run that goes on.
pub(super) fn drive(
    job: Job,
    beginning: Start,
    global: &Global,
    places: &Places,
    otherwise: &Otherwise,
) -> anyhow::Result<u8> {
    let runtime = runtime()?;
    let mut next = (job, beginning);
    let code = loop {
        let (job, beginning) = next;
        let state = execute(&runtime, job, beginning, global, places)?;
        match going_on::ask(&state, global, otherwise.yes)? {
            Some(beginning) => {
                let known = KnownRun::open(global, Some(state.id.as_str()))?;
                next = (prepare_again(global, &known, otherwise)?, beginning);
            }
            None => break exit_code(&state),
        }
    };
    // A deletion that was broken off must not be waited for.
    runtime.shutdown_background();
    Ok(code)
}

/// What everything runs in that waits for others.
pub(super) fn runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")
}

/// Executes the job once, showing what happens, and reports.
fn execute(
    runtime: &Runtime,
    job: Job,
    beginning: Start,
    global: &Global,
    places: &Places,
) -> anyhow::Result<RunState> {
    let form = match (global.json, global.verbose) {
        (true, _) => Form::Json,
        // Bars and further lines would overwrite each other.
        (false, 1..) => Form::Lines,
        (false, 0) => Form::for_people(),
    };
    let mut progress = progress::start(form);
    runtime.block_on(async {
        let (wishes, stops) = mpsc::channel(4);
        let signals = tokio::spawn(listen(wishes));
        let mut watch = |event: &run::Recorded, state: &RunState| progress.event(event, state);
        let state = run::execute(job, beginning, stops, &mut watch).await;
        signals.abort();
        progress.finish();
        let state = state?;
        finish(global, places, &state)?;
        delete_done(places.done(&state.id), &state).await;
        anyhow::Ok(state)
    })
}

/// Deletes the worktrees of units whose work is safe elsewhere, which may take long on a slow disk.
async fn delete_done(done: PathBuf, state: &RunState) {
    let left = format!("{} is left to batch clean", done.display());
    if !done.exists() {
        return;
    }
    if state.stop == Some(Stop::Now) {
        say(&left);
        return;
    }
    let (wishes, mut stops) = mpsc::channel(1);
    let signals = tokio::spawn(listen(wishes));
    let deletion = tokio::task::spawn_blocking(move || delete_tree(&done));
    tokio::pin!(deletion);
    let soon = tokio::time::timeout(std::time::Duration::from_secs(1), &mut deletion).await;
    let deleted = if let Ok(deleted) = soon {
        deleted
    } else {
        say("deleting finished worktrees; Ctrl-C leaves them to batch clean");
        tokio::select! {
            deleted = &mut deletion => deleted,
            _ = stops.recv() => {
                say(&left);
                return;
            }
        }
    };
    signals.abort();
    if let Ok(Err(error)) = deleted {
        say(&format!("{left}: {error}"));
    }
}

/// Ctrl-C once lets running units finish; twice, or the system's wish that the program end, stops them.
pub(super) async fn listen(wishes: mpsc::Sender<Stop>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
    ) else {
        return;
    };
    let mut wish = Stop::Drain;
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => wish = Stop::Now,
            _ = hangup.recv() => wish = Stop::Now,
        }
        if wishes.send(wish).await.is_err() {
            return;
        }
        wish = Stop::Now;
    }
}

/// Writes the reports and prints what came out.
fn finish(global: &Global, places: &Places, state: &RunState) -> anyhow::Result<()> {
    let ended = Liveness::Ended;
    let pages = [
        ("md", report::markdown(state, ended, run::now())),
        ("json", json(state, ended)?),
    ];
    for (extension, text) in pages {
        let path = places.report(&state.id, extension);
        // What came out is in the journal, and is shown all the same.
        if let Err(error) = std::fs::write(&path, text) {
            say(&format!(
                "warning: the report {} cannot be written: {error}",
                path.display()
            ));
        }
    }
    if !global.json {
        print(&format!(
            "\n{}",
            report::terminal(state, ended, stdout_width(), run::now())
        ))?;
        say(&format!(
            "report: {}",
            places.report(&state.id, "md").display()
        ));
    }
    Ok(())
}

fn exit_code(state: &RunState) -> u8 {
    let good = |unit: &UnitState| unit.outcome().is_some_and(going_on::is_good);
    if state.stop.is_some() {
        INTERRUPTED
    } else if state.stop_reason == Some(StopReason::Canary) && state.canary().is_some_and(good) {
        NOT_APPROVED
    } else {
        u8::from(!state.is_success())
    }
}

/// The report for scripts.
pub(super) fn json(state: &RunState, liveness: Liveness) -> anyhow::Result<String> {
    let report = Report::new(state, liveness, run::now());
    Ok(format!("{}\n", serde_json::to_string_pretty(&report)?))
}
