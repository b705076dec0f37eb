//! From a plan to its run: everything that can be refused first, then the review.

use std::cell::{LazyCell, RefCell};
use std::io::IsTerminal;
use std::path::PathBuf;

use anyhow::Context;
use console::Term;

use super::drive::{NOT_APPROVED, drive};
use super::flags::RunFlags;
use super::job::{self, Otherwise};
use super::past::Past;
use super::review::{self, CourseLine, Decision, Desk, Restore};
use super::workspace::{Workspace, new_run_id, secure_journal};
use super::{Global, research, say};
use crate::git::Base;
use crate::plan::file::to_toml;
use crate::plan::{self, BaseFiles, Plan};
use crate::process;
use crate::run::{self, Job, RunId, Start};
use crate::words;

pub(super) fn launch(
    global: &Global,
    workspace: &Workspace,
    plan: &Plan,
    base: &Base,
    flags: &RunFlags,
) -> anyhow::Result<u8> {
    secure_journal(&workspace.places())?;
    let id = new_run_id(&workspace.places());
    let prepare = |plan: &Plan| {
        let job = job::prepare(workspace, &id, plan.clone(), base, flags.goal())?;
        anyhow::Ok(job.check_new()?)
    };
    let mut job = prepare(plan)?;
    for note in job.notes().iter().chain(&job.stacking()) {
        say(&format!("note: {note}"));
    }
    // Who is not shown the plan needs no journal read.
    let past = LazyCell::new(|| Past::read(&workspace.places()));
    let term = Term::stderr();
    if flags.yes {
        let width = term.is_term().then(|| term.size().1);
        say(&review::table(plan, &course(&job, &past), width));
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
        let terminal = RefCell::new(Some(Restore::later()));
        // An edit may have named another agent. To prepare may mean to ask a server, so it is done once for each plan.
        let prepared = RefCell::new(job);
        let course = |plan: &Plan| {
            if prepared.borrow().plan() != plan {
                match prepare(plan) {
                    Ok(job) => drop(prepared.replace(job)),
                    Err(error) => return vec![("fault", words::chain(error.as_ref()))],
                }
            }
            course(&prepared.borrow(), &past)
        };
        let know = |plan: &Plan| {
            let (by, order) = (workspace.config.plan.by, workspace.config.plan.order);
            let order = order.unwrap_or_default();
            Ok(BaseFiles::of(&workspace.repo, plan, by, order)?)
        };
        let again = |plan: &Plan| {
            // Whoever asks an agent ends it as well when the program is to end.
            drop(terminal.take());
            let found = research::again(workspace, plan);
            terminal.replace(Some(Restore::later()));
            found
        };
        let desk = Desk {
            course: &course,
            reload: &reload,
            know: &know,
            again: research::is_proposed(workspace, plan).then_some(&again),
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
    settle(&mut job)?;
    if flags.detach {
        return detach(&job, workspace, flags);
    }
    let otherwise = Otherwise::consenting(flags.yes);
    drive(job, Start::New, global, &workspace.places(), &otherwise)
}

/// Has the fork made that branches are pushed to, where that is wanted.
pub(super) fn settle(job: &mut Job) -> anyhow::Result<()> {
    if let Some(fork) = job.settle()? {
        say(&format!("note: branches are pushed to the fork {fork}"));
    }
    Ok(())
}

/// Writes the run down and leaves it to a process of its own.
fn detach(job: &Job, workspace: &Workspace, flags: &RunFlags) -> anyhow::Result<u8> {
    run::announce(job)?;
    let log = workspace.places().output(job.id());
    let program = std::env::current_exe().context("batch cannot find its own program")?;
    let mut args = vec!["--color", "never", "resume", job.id().as_str()];
    if flags.yes {
        args.push("--yes");
    }
    let pid = process::start_in_background(&program, args, workspace.repo.root(), &log)?;
    say(&format!(
        "run {id} goes on in the background, in process {pid}: batch status {id}\nwhat it says: {}",
        log.display(),
        id = job.id()
    ));
    Ok(0)
}

/// What will be done with the plan, and by whom.
fn course(job: &Job, past: &Past) -> Vec<CourseLine> {
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
    let mut course = vec![
        ("agent", job.unit_agents().to_string()),
        ("checks", shown),
        ("result", job.delivery().words()),
    ];
    if job.candidates() > 1 {
        let best = format!("the best of {} at each unit is taken", job.candidates());
        course.push(("works", best));
    }
    course.extend(past.expect(job.plan(), &job.unit_agents(), job.jobs()));
    course
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
