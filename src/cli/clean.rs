//! `batch clean`: takes away the worktrees that ended runs have left.

use std::path::Path;

use clap::Args;

use super::workspace::{Workspace, liveness};
use super::{Global, say};
use crate::git::{GitError, remove_empty_folders_above};
use crate::journal::Journal;
use crate::report::Liveness;
use crate::run::{self, Outcome, Places, RunState, UnitState, worktree_name};

#[derive(Debug, Args)]
pub(super) struct CleanArgs {
    /// A run's id, or a part of it [default: all runs that are not going]
    run: Option<String>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Delete for good what earlier calls have moved to the trash
    #[arg(long)]
    empty_trash: bool,
}

/// What can be done with the worktree of an ended unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// All that is in it stands in a commit.
    Delete,
    /// It may hold the only copy of something.
    Trash,
}

pub(super) fn run(global: &Global, args: &CleanArgs) -> anyhow::Result<u8> {
    let workspace = Workspace::open(global)?;
    let places = workspace.places();
    let Some(journal) = Journal::read(&places.journal())? else {
        say("nothing to clean: there has been no run in this repository yet");
        return Ok(0);
    };
    let runs = match &args.run {
        Some(wanted) => vec![run::find(&journal, Some(wanted))?],
        None => journal
            .runs()?
            .iter()
            .map(|id| run::RunId::from_journal(id))
            .collect(),
    };
    let (mut deleted, mut trashed, mut failed) = (0_usize, 0_usize, 0_usize);
    for id in &runs {
        let state = run::load(&journal, id)?;
        if liveness(&places, &state)? == Liveness::Going {
            say(&format!("run {id} is going, so it is left alone"));
            continue;
        }
        deleted += delete_done(&places.done(id), args)?;
        for unit in &state.units {
            let Some((path, fate)) = fate(&workspace, &places, &state, unit) else {
                continue;
            };
            let verb = match (fate, args.dry_run) {
                (Fate::Delete, true) => "would delete",
                (Fate::Delete, false) => "deleted",
                (Fate::Trash, true) => "would move to the trash",
                (Fate::Trash, false) => "moved to the trash",
            };
            if !args.dry_run
                && let Err(error) = take_away(&workspace, &places, &state, unit, fate)
            {
                say(&format!("left alone: {}: {error}", path.display()));
                failed += 1;
                continue;
            }
            match fate {
                Fate::Delete => deleted += 1,
                Fate::Trash => trashed += 1,
            }
            say(&format!("{verb}: {}", path.display()));
        }
    }
    if args.empty_trash {
        empty(&places, args)?;
    }
    if deleted + trashed + failed == 0 && !args.empty_trash {
        say("nothing to clean: no ended run has left a worktree");
    } else if trashed > 0 && !args.dry_run {
        say(&format!(
            "unpublished work lies in {} until batch clean --empty-trash",
            places.trash().display()
        ));
    }
    Ok(u8::from(failed > 0))
}

/// The unit's worktree, if there still is one, and what is to be done with it.
fn fate<'u>(
    workspace: &Workspace,
    places: &Places,
    state: &RunState,
    unit: &'u UnitState,
) -> Option<(&'u Path, Fate)> {
    let path = unit.worktree.as_deref()?;
    path.symlink_metadata().ok()?;
    let known = match (&unit.commit, unit.outcome()) {
        (Some(commit), _) => Some(commit),
        (None, Some(Outcome::NoChange { .. })) => unit.start.as_ref(),
        _ => None,
    };
    // Somebody may have gone on working in it.
    let index = places.index(&state.id, &unit.header.id);
    let is_safe = known.is_some_and(|commit| {
        let repo = &workspace.repo;
        let now = repo.snapshot_aside(path, &index).ok();
        now.is_some() && now == repo.tree(commit).ok()
    });
    Some((path, if is_safe { Fate::Delete } else { Fate::Trash }))
}

fn take_away(
    workspace: &Workspace,
    places: &Places,
    state: &RunState,
    unit: &UnitState,
    fate: Fate,
) -> Result<(), GitError> {
    let (Some(path), Some(branch), Some(start)) = (&unit.worktree, &unit.branch, &unit.start)
    else {
        return Ok(());
    };
    let name = worktree_name(&state.id, &unit.header.id);
    match fate {
        Fate::Delete => workspace.repo.remove_worktree(&name, path)?,
        Fate::Trash => {
            workspace
                .repo
                .trash_worktree(&name, path, &places.trash())?;
        }
    }
    remove_empty_folders_above(path);
    workspace
        .repo
        .delete_untouched_branch(branch, start)
        .map(drop)
}

/// Deletes what a run that was killed or stopped has put away and could not delete any more; all of it is published.
fn delete_done(done: &Path, args: &CleanArgs) -> anyhow::Result<usize> {
    if !done.exists() {
        return Ok(0);
    }
    if args.dry_run {
        say(&format!("would delete: {}", done.display()));
        return Ok(1);
    }
    say(&format!("deleting: {}", done.display()));
    std::fs::remove_dir_all(done)
        .map_err(|error| anyhow::anyhow!("{} cannot be deleted: {error}", done.display()))?;
    Ok(1)
}

fn empty(places: &Places, args: &CleanArgs) -> anyhow::Result<()> {
    let trash = places.trash();
    let entries = match std::fs::read_dir(&trash) {
        Ok(entries) => entries.filter_map(Result::ok).collect(),
        Err(_) => Vec::new(),
    };
    let lying = match entries.len() {
        1 => "1 worktree".to_owned(),
        count => format!("{count} worktrees"),
    };
    if entries.is_empty() {
        say("the trash is empty");
    } else if args.dry_run {
        say(&format!("would delete {lying} from the trash"));
    } else {
        std::fs::remove_dir_all(&trash).map_err(|error| {
            anyhow::anyhow!("the trash {} cannot be emptied: {error}", trash.display())
        })?;
        say(&format!("deleted {lying} from the trash"));
    }
    Ok(())
}
