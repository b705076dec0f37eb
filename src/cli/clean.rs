//! `batch clean`: removes what ended runs have left and nobody needs any more.

use std::path::{Path, PathBuf};

use clap::Args;

use super::approval;
use super::global::Global;
use super::output::say;
use super::workspace::{Workspace, secure_journal};
use crate::config::{Config, Deciding};
use crate::git::{CommitId, GitError, PINNED_WORK, delete_tree};
use crate::journal::{Journal, RunLock};
use crate::report;
use crate::run::{
    self, Fate, KnownRun, Liveness, Naming, PlaceTemplates, Places, PlanningCheckout, ProcessTags,
    RunId, RunState, UnitState,
};
use crate::words;

#[derive(Debug, Args)]
pub(super) struct CleanArgs {
    /// A run's id, or a part of it [default: all ended runs]
    run: Option<String>,
    /// Also clean runs that could still be resumed
    #[arg(long, conflicts_with = "run")]
    all: bool,
    /// Only clean runs without an event for this long; with --empty-trash, only delete trash of this age
    #[arg(long, value_name = "TIME", value_parser = age)]
    older_than: Option<i64>,
    /// Print what would be done, without doing it
    #[arg(long)]
    dry_run: bool,
    /// Delete the trash of earlier calls for good
    #[arg(long)]
    empty_trash: bool,
}

/// Reads a length of time such as `7d`, `12h` or `2w`, in milliseconds.
fn age(text: &str) -> Result<i64, String> {
    let days = jiff::SpanRelativeTo::days_are_24_hours();
    text.parse::<jiff::Span>()
        .and_then(|span| span.to_duration(days))
        .ok()
        .and_then(|age| i64::try_from(age.as_millis()).ok())
        .filter(|age| *age >= 0)
        .ok_or_else(|| format!("{text:?} is not a duration: write it like 7d, 12h or 2w"))
}

/// The counts of what has been done, or would be in a real run.
#[derive(Default)]
struct Tally {
    /// Folders whose content is safe elsewhere; they are deleted last.
    done: Vec<PathBuf>,
    taken: usize,
    trashed: usize,
    left_alone: usize,
    failed: usize,
}

pub(super) fn run(global: &Global, args: &CleanArgs) -> anyhow::Result<u8> {
    let workspace = Workspace::unasked(global)?;
    let places = workspace.places();
    refuse_links(&places)?;
    secure_journal(&places)?;
    let mut tally = Tally::default();
    let limit = args
        .older_than
        .map_or(i64::MAX, |age| run::now().saturating_sub(age));
    if args.run.is_none() {
        clean_studies(&workspace, limit, args, &mut tally)?;
    }
    let Some(journal) = Journal::read(&places.journal())? else {
        if args.run.is_none() {
            forget_work(&workspace, &places, &[], args, &mut tally)?;
        }
        if tally.taken + tally.failed == 0 {
            say("nothing to clean: there has been no run in this repository yet");
        }
        return Ok(u8::from(tally.failed > 0));
    };
    let known: Vec<RunId> = journal
        .runs()?
        .iter()
        .map(|id| RunId::from_journal(id))
        .collect();
    let runs = match &args.run {
        Some(wanted) => vec![run::find(&journal, Some(wanted))?],
        None => known.clone(),
    };
    for id in &runs {
        if !id.is_plain() || places.run(id).is_symlink() {
            say(&format!(
                "run {} is left alone, because batch makes no run of this name, or no folder like this one's",
                words::line(id.as_str())
            ));
            tally.left_alone += 1;
            continue;
        }
        let events = run::events(&journal, id)?;
        if events.last().is_none_or(|last| last.at > limit) {
            continue;
        }
        match run::fold(id, &events) {
            Ok(state) => clean(global, &workspace, &places, &state, args, &mut tally)?,
            Err(error) if args.run.is_some() => return Err(error.into()),
            // Where the start of a run is lost, none of its files are known to be safe.
            Err(error) => say(&format!("note: run {id} is left alone: {error}")),
        }
    }
    if args.run.is_none() {
        forget_lost_refs(&workspace, &known, args, &mut tally)?;
        forget_work(&workspace, &places, &known, args, &mut tally)?;
    }
    if args.empty_trash {
        empty(&places, limit, args)?;
    }
    if !args.dry_run {
        let trash = places.trash();
        run::delete_unfinished(&places).map_err(|error| cannot_delete(&trash, &error))?;
    }
    if !tally.done.is_empty() && !args.dry_run {
        delete_done(&tally.done)?;
    }
    let nothing = tally.taken + tally.trashed + tally.left_alone + tally.failed == 0;
    if nothing && !args.empty_trash {
        say("nothing to clean: no ended run has left anything");
    } else if tally.trashed > 0 && !args.dry_run {
        say(&format!(
            "unpublished work stays in {} until batch clean --empty-trash",
            places.trash().display()
        ));
    }
    Ok(u8::from(tally.failed > 0))
}

/// Removes the checkouts of planning sessions that were killed.
fn clean_studies(
    workspace: &Workspace,
    limit: i64,
    args: &CleanArgs,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let Workspace { repo, config, .. } = workspace;
    let abandoned = PlanningCheckout::abandoned(repo, &Naming::of(config, repo)?);
    for study in abandoned.iter().filter(|study| study.left_at() <= limit) {
        let path = study.path().display();
        if args.dry_run {
            say(&format!("would delete: {path}"));
        } else if let Err(error) = study.take_away() {
            say(&format!("left alone: {path}: {error}"));
            tally.failed += 1;
            continue;
        } else {
            say(&format!("deleted: {path}"));
        }
        tally.taken += 1;
    }
    Ok(())
}

/// Refuses folders of batch that are links: what lies behind them may be anything.
fn refuse_links(places: &Places) -> anyhow::Result<()> {
    for folder in [places.runs(), places.trash(), places.planning_sessions()] {
        if folder.is_symlink() {
            anyhow::bail!(
                "{} is a link, and batch clean deletes nothing behind a link: remove it",
                folder.display()
            );
        }
    }
    Ok(())
}

/// Removes what one run has left, and reports it.
fn clean(
    global: &Global,
    workspace: &Workspace,
    places: &Places,
    state: &RunState,
    args: &CleanArgs,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let id = &state.id;
    let lock = places.lock(id);
    // The lock keeps everybody from resuming the run during the clean-up. A run without a folder cannot be resumed.
    let held = if args.dry_run || !places.run(id).exists() {
        None
    } else {
        RunLock::acquire(&lock)?.ok()
    };
    if held.is_none() && Liveness::of(places, state)? == Liveness::Going {
        say(&format!("run {id} is going, so it is left alone"));
        tally.left_alone += 1;
        return Ok(());
    }
    let usual = Naming::of(&workspace.config, &workspace.repo)?;
    let of_run = naming(workspace, places, id)?;
    let is_vouched = of_run == usual || is_approved(global, workspace, places, state);
    let templates = PlaceTemplates {
        of_run: &of_run,
        trusted: if is_vouched { &of_run } else { &usual },
    };
    let leftovers = || run::leftovers(&workspace.repo, places, templates, state);
    let mut found = leftovers();
    let is_resumable = !state.units.iter().all(UnitState::is_settled) && places.plan(id).exists();
    if is_resumable && !found.is_empty() && args.run.is_none() && !args.all {
        say(&format!(
            "run {id} can still be resumed, so it is left alone; batch clean {id} removes its worktrees"
        ));
        tally.left_alone += 1;
        return Ok(());
    }
    let tags = ProcessTags::of_run(&workspace.repo, id);
    let working = tags.processes();
    if !working.is_empty() {
        let named = report::left_processes(&working);
        if args.dry_run {
            say(&format!("would end what run {id} left working: {named}"));
        } else {
            tags.end_processes();
            let remaining = tags.processes();
            if !remaining.is_empty() {
                say(&format!(
                    "run {id} is left alone, because these processes cannot be ended: {}",
                    report::left_processes(&remaining)
                ));
                tally.failed += 1;
                return Ok(());
            }
            say(&format!("ended what run {id} left working: {named}"));
            tally.taken += 1;
            found = leftovers();
        }
    }
    let done = places.done(id);
    if done.exists() {
        tally.taken += 1;
        tally.done.push(done.clone());
        if args.dry_run {
            say(&format!("would delete: {}", done.display()));
        }
    }
    for left in found {
        let path = left.path.display();
        let taken = if args.dry_run {
            Ok(None)
        } else {
            left.take_away(&workspace.repo, places, id)
        };
        let trashed = match taken {
            Ok(trashed) => trashed,
            Err(error) => {
                say(&format!("left alone: {path}: {error}"));
                tally.failed += 1;
                continue;
            }
        };
        let verb = match (&left.fate, args.dry_run) {
            (Fate::LeaveAlone(why), _) => {
                say(&format!("left alone: {path}: {why}"));
                tally.left_alone += 1;
                continue;
            }
            (Fate::Delete, true) => "would delete",
            (Fate::Delete, false) => "deleted",
            (Fate::Trash, true) => "would move to the trash",
            (Fate::Trash, false) => "moved to the trash",
            (Fate::Forget, true) => "would forget the missing worktree",
            (Fate::Forget, false) => "forgot the missing worktree",
        };
        say(&format!("{verb}: {path}"));
        if let Some(trashed) = trashed {
            say(&format!("  to get it back: {}", trashed.back));
        }
        match left.fate {
            Fate::Trash => tally.trashed += 1,
            _ => tally.taken += 1,
        }
    }
    if done.exists() && !tally.done.contains(&done) {
        tally.done.push(done);
    }
    Ok(())
}

/// Checks whether the user has started the run, or approved what it does.
fn is_approved(global: &Global, workspace: &Workspace, places: &Places, state: &RunState) -> bool {
    let known = KnownRun {
        repo: workspace.repo.clone(),
        places: places.clone(),
        state: state.clone(),
        liveness: Liveness::Ended,
    };
    let is_approved = |part: &Deciding| approval::is_approved(global, &workspace.repo, part);
    known
        .deciding()
        .is_ok_and(|parts| parts.iter().all(is_approved))
}

/// Returns the templates by which the run named its worktrees and branches.
fn naming(workspace: &Workspace, places: &Places, id: &RunId) -> anyhow::Result<Naming> {
    let path = places.settings(id);
    let kept = path.exists().then(|| Config::read(&path)).transpose()?;
    let config = kept.as_ref().unwrap_or(&workspace.config);
    Ok(Naming::of(config, &workspace.repo)?)
}

/// Deletes the branches that were set aside for runs of which nothing else is known any more.
fn forget_lost_refs(
    workspace: &Workspace,
    known: &[RunId],
    args: &CleanArgs,
    tally: &mut Tally,
) -> Result<(), GitError> {
    const LEFT: &str = "refs/batch/left/";
    for (name, commit) in workspace.repo.refs_below(LEFT)? {
        let run = name[LEFT.len()..].split('/').next().unwrap_or_default();
        if args.older_than.is_some() || known.iter().any(|id| id.as_str() == run) {
            continue;
        }
        forget(
            workspace,
            (&name, &commit),
            "whose run is gone",
            args,
            tally,
        )?;
    }
    Ok(())
}

/// Lets go of existing work that no run and no saved plan names any more.
fn forget_work(
    workspace: &Workspace,
    places: &Places,
    known: &[RunId],
    args: &CleanArgs,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let pinned = workspace.repo.refs_below(PINNED_WORK)?;
    if pinned.is_empty() || args.older_than.is_some() {
        return Ok(());
    }
    let plans = known.iter().map(|id| places.plan(id));
    let plans = plans.chain(places.saved_plans());
    let texts: Vec<String> = plans
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .collect();
    for (name, work) in pinned {
        if texts.iter().any(|text| text.contains(work.as_str())) {
            continue;
        }
        let why = "which no run and no saved plan needs";
        forget(workspace, (&name, &work), why, args, tally)?;
    }
    Ok(())
}

/// Deletes a ref, and says how to get it back.
fn forget(
    workspace: &Workspace,
    (name, commit): (&str, &CommitId),
    why: &str,
    args: &CleanArgs,
    tally: &mut Tally,
) -> Result<(), GitError> {
    tally.taken += 1;
    if args.dry_run {
        say(&format!("would delete: {name}"));
        return Ok(());
    }
    workspace.repo.delete_ref(name)?;
    say(&format!(
        "deleted: {name}, {why}\n  to get it back, until git collects garbage: git update-ref {name} {commit}"
    ));
    Ok(())
}

/// Deletes the discarded worktrees. Ctrl-C may interrupt the deletion at any moment; the next call continues it.
fn delete_done(folders: &[PathBuf]) -> anyhow::Result<()> {
    for folder in folders {
        delete_tree(folder).map_err(|error| cannot_delete(folder, &error))?;
    }
    Ok(())
}

fn empty(places: &Places, limit: i64, args: &CleanArgs) -> anyhow::Result<()> {
    let trash = places.trash();
    let lying = run::lying(places, limit).map_err(|error| cannot_delete(&trash, &error))?;
    let count = words::count(lying.len(), "worktree");
    if lying.is_empty() {
        say(match args.older_than {
            Some(_) => "nothing in the trash is that old",
            None => "the trash is empty",
        });
    } else if args.dry_run {
        say(&format!("would delete {count} from the trash"));
    } else {
        run::delete(&lying).map_err(|error| cannot_delete(&trash, &error))?;
        say(&format!("deleted {count} from the trash"));
    }
    Ok(())
}

fn cannot_delete(path: &Path, error: &std::io::Error) -> anyhow::Error {
    anyhow::anyhow!("{} cannot be deleted: {error}", path.display())
}
