//! From a plan to the end of its run: everything that can be refused first, then the review, the run and the report.

use std::cell::RefCell;
use std::io::IsTerminal;
use std::path::PathBuf;

use anyhow::Context;
use console::Term;
use tokio::sync::mpsc;

use super::flags::RunFlags;
use super::review::{self, CourseLine, Decision, Desk, Restore};
use super::workspace::{Workspace, new_run_id, secure_journal};
use super::{Global, print, say, stdout_width};
use crate::config::Config;
use crate::git::{Base, delete_tree};
use crate::plan::file::to_toml;
use crate::plan::{self, BaseFiles, Plan};
use crate::process;
use crate::progress::{self, Form};
use crate::report::{self, Liveness, Report};
use crate::run::{self, Beginning, Delivery, Goal, Job, Places, RunId, RunState, Stop};
use crate::words;

pub(super) const NOT_APPROVED: u8 = 3;
const INTERRUPTED: u8 = 130;

pub(super) fn launch(
    global: &Global,
    workspace: &Workspace,
    plan: &Plan,
    base: &Base,
    flags: &RunFlags,
) -> anyhow::Result<u8> {
    secure_journal(&workspace.places())?;
    let id = new_run_id();
    let prepare = |plan: &Plan| {
        let job = prepare(workspace, &id, plan.clone(), base, flags.goal())?;
        anyhow::Ok(job.check_new()?)
    };
    let mut job = prepare(plan)?;
    for note in job.notes() {
        say(&format!("note: {note}"));
    }
    let term = Term::stderr();
    if flags.yes {
        let width = term.is_term().then(|| term.size().1);
        say(&review::table(plan, &course(&job), width));
    } else if !(term.is_term() && std::io::stdin().is_terminal()) {
        let path = save(workspace, &id, plan)?;
        say(&format!(
            "There is no terminal to approve the plan at, so nothing was run. Give --yes to approve it unseen, or look \
             at it and run it with: batch run {}",
            path.display()
        ));
        return Ok(NOT_APPROVED);
    } else {
        let reload = |text: &str| Ok(plan::load(&workspace.repo, text)?);
        let _terminal = Restore::later();
        // An edit may have named another agent. To prepare may mean to ask a server, so it is done once for each plan.
        let prepared = RefCell::new(job);
        let course = |plan: &Plan| {
            if prepared.borrow().plan() != plan {
                match prepare(plan) {
                    Ok(job) => drop(prepared.replace(job)),
                    Err(error) => return vec![("fault", words::chain(error.as_ref()))],
                }
            }
            course(&prepared.borrow())
        };
        let know = |plan: &Plan| {
            let by = workspace.config.plan.by;
            Ok(BaseFiles::of(&workspace.repo, plan, by)?)
        };
        let desk = Desk {
            course: &course,
            reload: &reload,
            know: &know,
        };
        match review::review(plan.clone(), &term, &desk)? {
            Decision::Approved(approved) => {
                job = prepared.into_inner();
                if *job.plan() != approved {
                    job = prepare(&approved)?;
                }
            }
            Decision::Quit(plan) => {
                let path = save(workspace, &id, &plan)?;
                say(&format!(
                    "Nothing was run. The plan is kept: batch run {}",
                    path.display()
                ));
                return Ok(NOT_APPROVED);
            }
        }
    }
    if flags.detach {
        return detach(&job, workspace);
    }
    drive(job, Beginning::New, global, &workspace.places())
}

/// Writes the run down and leaves it to a process of its own.
fn detach(job: &Job, workspace: &Workspace) -> anyhow::Result<u8> {
    run::announce(job)?;
    let log = workspace.places().output(job.id());
    let program = std::env::current_exe().context("batch cannot find its own program")?;
    let args = ["--color", "never", "resume", job.id().as_str()];
    let pid = process::background(&program, args, workspace.repo.root(), &log)?;
    say(&format!(
        "run {id} goes on in the background, in process {pid}: batch status {id}\nwhat it says: {}",
        log.display(),
        id = job.id()
    ));
    Ok(0)
}

/// Puts a run of the plan together, or says what stands in its way.
pub(super) fn prepare(
    workspace: &Workspace,
    id: &RunId,
    plan: Plan,
    base: &Base,
    goal: Goal,
) -> anyhow::Result<Job> {
    let Workspace { repo, config, dir } = workspace;
    // The agent stands in the plan, where a person may have changed it a moment ago.
    let config = &Config {
        agent: plan.agent.clone(),
        ..config.clone()
    };
    let delivery = Delivery::choose(repo, config, base, goal, workspace.places().pages(id))?;
    Ok(Job::prepare(
        id.clone(),
        plan,
        repo.clone(),
        config,
        delivery,
        goal,
        dir,
    )?)
}

/// What will be done with the plan, and by whom.
fn course(job: &Job) -> Vec<CourseLine> {
    let checks: Vec<String> = job
        .checks()
        .iter()
        .map(|(check, units)| format!("{check} ({})", words::count(*units, "unit")))
        .collect();
    let shown = match &checks[..] {
        [] => "none".to_owned(),
        few if few.len() <= 4 => few.join(", "),
        many => format!("{}, and {} more", many[..3].join(", "), many.len() - 3),
    };
    vec![
        ("agent", job.agent()),
        ("checks", shown),
        ("result", job.delivery().words()),
    ]
}

/// Keeps a plan that was not run, outside the checkout.
fn save(workspace: &Workspace, id: &RunId, plan: &Plan) -> anyhow::Result<PathBuf> {
    let path = workspace.places().saved_plan(id);
    let write = || {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&path, to_toml(plan))
    };
    write().with_context(|| format!("the plan cannot be saved as {}", path.display()))?;
    Ok(path)
}

/// Executes the job, showing what happens, reports, and gives the exit code.
pub(super) fn drive(
    job: Job,
    beginning: Beginning,
    global: &Global,
    places: &Places,
) -> anyhow::Result<u8> {
    let form = match (global.json, global.verbose) {
        (true, _) => Form::Json,
        // Bars and further lines would overwrite each other.
        (false, 1..) => Form::Lines,
        (false, 0) => Form::for_people(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    let mut progress = progress::start(form);
    let code = runtime.block_on(async {
        let (wishes, stops) = mpsc::channel(4);
        let signals = tokio::spawn(listen(wishes));
        let mut watch = |event: &run::Recorded, state: &RunState| progress.event(event, state);
        let state = run::execute(job, beginning, stops, &mut watch).await;
        signals.abort();
        progress.finish();
        let state = state?;
        let code = finish(global, places, &state)?;
        delete_done(places.done(&state.id), &state).await;
        anyhow::Ok(code)
    });
    // A deletion that was broken off must not be waited for.
    runtime.shutdown_background();
    code
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
async fn listen(wishes: mpsc::Sender<Stop>) {
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

/// Writes the reports, prints what came out, and gives the exit code.
fn finish(global: &Global, places: &Places, state: &RunState) -> anyhow::Result<u8> {
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
    Ok(if state.stop.is_some() {
        INTERRUPTED
    } else {
        u8::from(!state.is_success())
    })
}

/// The report for scripts.
pub(super) fn json(state: &RunState, liveness: Liveness) -> anyhow::Result<String> {
    let report = Report::new(state, liveness, run::now());
    Ok(format!("{}\n", serde_json::to_string_pretty(&report)?))
}
