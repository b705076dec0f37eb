//! The step of a unit that tidies its work: commands of the settings, such as a formatter, run in the checkout after
//! the agent. What they change of the unit's own files belongs to the work that is proven; all else they change is
//! undone.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use crate::agent::fill_shell_line;
use crate::git::{ChangeKind, TreeId};
use crate::process::{self, Command, Ending, Environment, Finished};
use crate::run::log::outcome::Step;
use crate::run::log::tidied::Tidied;
use crate::run::log::unit_fact::UnitFact;
use crate::run::unit::context::{Failure, Halt, Prepared, UnitContext, failure};
use crate::run::unit::regenerate;
use crate::run::unit::work::Work;
use crate::words;

/// The exit codes with which a shell says that it cannot start a program (POSIX, Shell Command Language, 2.8.2).
const CANNOT_START: [i32; 2] = [126, 127];

/// Runs the commands on what the agent left, and returns the content of the checkout after them.
pub(crate) async fn tidy(
    unit: &UnitContext,
    prepared: &Prepared,
    left: TreeId,
) -> Result<TreeId, Halt> {
    let spec = &unit.job.spec;
    let lines = &spec.settings.worktrees.tidy;
    // Work that exists already is published as it is.
    if lines.is_empty() || spec.plan.existing_work().is_some() {
        return Ok(left);
    }
    let work = Work::of(unit, prepared.tree.clone(), left.clone()).await?;
    if work.changes.list.is_empty() {
        return Ok(left);
    }
    // A later process must not take a half of what a command changes for the agent's work.
    regenerate::begin(unit, &left).await?;
    let claim = unit.unit().claim.files.iter().cloned();
    let own: BTreeSet<String> = claim.chain(work.paths().map(str::to_owned)).collect();
    let environment = environment(unit, &work)?;
    let mut tree = left.clone();
    let mut undone = BTreeSet::new();
    for (place, line) in lines.iter().enumerate() {
        let shown = words::command_line(line);
        unit.begin(Step::Tidy, Some(shown.clone())).await?;
        let log = unit.folder().join(format!("tidy-{}.log", place + 1));
        for args in fill_shell_line(line, &present(&work), environment.size()) {
            let finished = run(unit, args, line, environment.clone(), log.clone()).await?;
            if !finished.ending.is_success() {
                put_back(unit, &left).await?;
                return Err(refused(&shown, &finished, log));
            }
        }
        let (kept, others) = keep_own(unit, &tree, own.clone()).await?;
        tree = kept;
        undone.extend(others);
    }
    let tidied = Work::of(unit, left, tree.clone()).await?;
    let fact = Tidied {
        commands: lines.iter().map(|line| words::command_line(line)).collect(),
        files: tidied.paths().map(str::to_owned).collect(),
        undone: undone.into_iter().collect(),
    };
    unit.say(UnitFact::Tidied(fact)).await?;
    Ok(tree)
}

/// Returns the files of the work that are there: a formatter cannot read what the work deletes.
fn present(work: &Work) -> Vec<String> {
    let there = work.changes.list.iter();
    there
        .filter(|change| change.kind != ChangeKind::Deleted)
        .filter_map(|change| String::from_utf8(change.path.clone()).ok())
        .collect()
}

/// Returns what the commands see: the unit's environment, and the files of its work.
fn environment(unit: &UnitContext, work: &Work) -> Result<Environment, Halt> {
    let list: Vec<u8> = present(work)
        .into_iter()
        .flat_map(|path| path.into_bytes().into_iter().chain([0]))
        .collect();
    let file = unit.folder().join("changed-files");
    fs::write(&file, list).map_err(|error| {
        let reason = format!("{} cannot be written: {error}", file.display());
        failure(Step::Tidy, reason)
    })?;
    let mut environment = unit.environment();
    environment.set("BATCH_UNIT", unit.unit().id.as_str());
    environment.set("BATCH_INSTRUCTION", unit.assignment().instruction);
    environment.set("BATCH_FILES", file);
    Ok(environment)
}

/// Starts a shell once with these arguments: the line, a name for the shell, and files.
async fn run(
    unit: &UnitContext,
    args: Vec<OsString>,
    line: &str,
    environment: Environment,
    log: PathBuf,
) -> Result<Finished, Halt> {
    let checkout = unit.checkout.clone();
    unit.git(Step::Tidy, move |_| checkout.lead_to_private())
        .await?;
    let limit = unit.job.spec.check_limit();
    let shell = unit.checkout.shell(line, environment, limit, log);
    let args = std::iter::once(OsString::from("-c")).chain(args).collect();
    let finished = process::run(&Command { args, ..shell }, &unit.cancel).await;
    let checkout = unit.checkout.clone();
    // What the command left running must not change files while batch looks at them.
    unit.git(Step::Tidy, move |_| {
        checkout.end_processes();
        Ok(())
    })
    .await?;
    let finished = finished.map_err(|error| failure(Step::Tidy, words::chain(&error)))?;
    match finished.ending {
        Ending::Cancelled => Err(Halt::Stopped),
        _ => Ok(finished),
    }
}

/// Keeps what a command changed of the unit's own files, and undoes the rest. Returns the content that is kept, and the
/// files that were put back.
async fn keep_own(
    unit: &UnitContext,
    before: &TreeId,
    own: BTreeSet<String>,
) -> Result<(TreeId, Vec<String>), Halt> {
    let (checkout, before) = (unit.checkout.clone(), before.clone());
    unit.git(Step::Tidy, move |job| {
        let repo = &job.workspace.repo;
        let after = checkout.snapshot()?;
        let kept = repo.with_some_changes(&before, &after, &|path: &str| own.contains(path))?;
        if kept == after {
            return Ok((kept, Vec::new()));
        }
        let changes = repo.changes(&kept, &after)?;
        checkout.put_back(&kept)?;
        let paths = changes.list.iter();
        let undone = paths.map(|change| String::from_utf8_lossy(&change.path).into_owned());
        Ok((kept, undone.collect()))
    })
    .await
}

async fn put_back(unit: &UnitContext, tree: &TreeId) -> Result<(), Halt> {
    let (checkout, tree) = (unit.checkout.clone(), tree.clone());
    unit.git(Step::Tidy, move |_| checkout.put_back(&tree))
        .await
}

/// Says that a command did not tidy the work. A formatter that cannot read the work tells the agent what to mend; a
/// program that is not there does not.
fn refused(command: &str, finished: &Finished, log: PathBuf) -> Halt {
    let ending = finished.ending;
    let reason = format!("`{command}`, which tidies the work, failed: {ending}");
    let is_there = !CANNOT_START
        .iter()
        .any(|code| ending == Ending::Exit(*code));
    let tail = words::fence("text", &words::block(&finished.tail));
    let text = format!(
        "A command that tidies the work of this unit does not accept your change: {reason}\n\nIts output ends like \
         this:\n\n{tail}\n\nMend your change so that the command succeeds. What the task says of your files and of the \
         rules still holds.\n"
    );
    let reason = if is_there {
        reason
    } else {
        format!("{reason}\nname a command for --tidy that this machine has, or leave --tidy out")
    };
    Halt::Failed(Failure {
        feedback: is_there.then_some(text),
        tail: Some(finished.tail.clone()),
        log: Some(log),
        ..Failure::new(Step::Tidy, reason)
    })
}
