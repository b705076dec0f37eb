//! Drives a run to its report: shows it, stops it on Ctrl-C, and continues it where it paused and the person at the
//! terminal agrees.

use std::path::PathBuf;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::approval;
use super::continue_prompt;
use super::exit_code;
use super::flags::ResumeFlags;
use super::global::Global;
use super::output::{print_result, say, stdout_width};
use super::prepare::prepare_again;
use super::signals::{listen, runtime};
use super::workspace::known_run;
use crate::git::delete_tree;
use crate::plan::{self, UnitId};
use crate::progress::{self, Display};
use crate::report;
use crate::run::{self, Job, Liveness, Places, RunState, Start, Stop};

/// A deletion that takes longer is announced.
const SOON: Duration = Duration::from_secs(1);

/// Executes the job, and returns the exit code. `flags` hold for every later part of the run.
pub(super) fn drive(
    job: Job,
    start: Start,
    global: &Global,
    places: &Places,
    flags: &ResumeFlags,
) -> anyhow::Result<u8> {
    let runtime = runtime()?;
    let mut next = (job, start);
    let code = loop {
        let (job, start) = next;
        approval::keep_run(&job.workspace.repo, &job, &start)?;
        let state = execute(&runtime, job, start, global, places)?;
        match continue_prompt::ask(&state, global, flags.consent())? {
            Some(start) => {
                let known = known_run(global, Some(state.id.as_str()))?;
                next = (prepare_again(global, &known, flags)?, start);
            }
            None => break exit_code::of_run(&state),
        }
    };
    // The program does not wait for a deletion that Ctrl-C interrupted.
    runtime.shutdown_background();
    Ok(code)
}

/// Executes the job once, showing what happens, and reports.
fn execute(
    runtime: &Runtime,
    job: Job,
    start: Start,
    global: &Global,
    places: &Places,
) -> anyhow::Result<RunState> {
    let display = match (global.json, global.verbose) {
        (true, _) => Display::Json,
        // Bars and further lines would overwrite each other.
        (false, 1..) => Display::Lines,
        (false, 0) => Display::for_people(),
    };
    let mut progress = progress::start(display);
    runtime.block_on(async {
        let (stop, stops) = mpsc::channel(4);
        let signals = tokio::spawn(listen(stop));
        let mut watch = |event: &run::Recorded, state: &RunState| progress.event(event, state);
        // The engine holds more than a task's stack should.
        let state = Box::pin(run::execute(job, start, stops, &mut watch)).await;
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
    let left = format!("batch clean removes {}", done.display());
    if !done.exists() {
        return;
    }
    if state.stop == Some(Stop::Now) {
        say(&left);
        return;
    }
    let (stop, mut stops) = mpsc::channel(1);
    let signals = tokio::spawn(listen(stop));
    let deletion = tokio::task::spawn_blocking(move || delete_tree(&done));
    tokio::pin!(deletion);
    let deleted = if let Ok(deleted) = tokio::time::timeout(SOON, &mut deletion).await {
        deleted
    } else {
        say("deleting finished worktrees; after Ctrl-C, batch clean deletes the rest");
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

/// Writes the page about the units that did not come to a good end, or removes an earlier one. Returns its path where
/// there is one.
fn write_failures(places: &Places, state: &RunState) -> Option<PathBuf> {
    let path = places.failures(&state.id);
    let text = std::fs::read_to_string(places.plan(&state.id)).unwrap_or_default();
    let plan = plan::file::parse(&text).ok();
    let files = |id: &UnitId| {
        let units = plan.iter().flat_map(|plan| &plan.units);
        let unit = units.into_iter().find(|unit| unit.id == *id);
        unit.map(|unit| unit.claim.files.clone())
            .unwrap_or_default()
    };
    let Some(page) = report::failures(state, Liveness::Ended, files) else {
        // The page of an earlier part of the run is out of date.
        let _ = std::fs::remove_file(&path);
        return None;
    };
    match std::fs::write(&path, page) {
        Ok(()) => Some(path),
        Err(error) => {
            say(&format!(
                "warning: {} cannot be written: {error}",
                path.display()
            ));
            None
        }
    }
}

/// Writes the report files and prints the report.
fn finish(global: &Global, places: &Places, state: &RunState) -> anyhow::Result<()> {
    let (ended, now) = (Liveness::Ended, run::now());
    let pages = [
        ("md", report::markdown(state, ended, now)),
        ("json", report::json(state, ended, Vec::new(), now)?),
    ];
    for (extension, text) in pages {
        let path = places.report(&state.id, extension);
        // The journal holds every fact of the report, which is printed all the same.
        if let Err(error) = std::fs::write(&path, text) {
            say(&format!(
                "warning: the report {} cannot be written: {error}",
                path.display()
            ));
        }
    }
    let failures = write_failures(places, state);
    if !global.json {
        let text = report::terminal(state, ended, stdout_width(), run::now());
        print_result(format!("\n{text}").as_bytes());
        say(&format!(
            "report: {}",
            places.report(&state.id, "md").display()
        ));
        if let Some(failures) = failures {
            say(&format!("failures: {}", failures.display()));
        }
    }
    Ok(())
}
