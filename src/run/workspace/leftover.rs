//! The leftovers of an ended run, and what happens to each: checkouts, git's entries for them, branches without work of
//! their own, temporary and empty folders.
//!
//! Leftovers are found by names that follow from run and unit, so a process that was killed at any moment leaves
//! nothing that cannot be found. A leftover that a person has changed since is reported and left alone.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::git::{
    BranchName, ChangeKind, CommitId, GitError, Repo, TreeId, WorktreeState,
    remove_empty_folders_above,
};
use crate::plan::UnitId;
use crate::run::log::outcome::Outcome;
use crate::run::log::run_id::RunId;
use crate::run::log::run_state::RunState;
use crate::run::log::unit_state::UnitState;
use crate::run::workspace::naming::{Naming, kept_trees, worktree_name};
use crate::run::workspace::own_place::is_own;
use crate::run::workspace::places::Places;
use crate::run::workspace::trash::{Trashed, trash};
use crate::run::workspace::worker_folders::WorkerFolders;

/// The leftover of one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    pub path: PathBuf,
    pub fate: Fate,
    unit: UnitId,
    /// The folders are the unit's.
    is_own: bool,
    /// The commit that the checkout started from.
    start: CommitId,
    /// Its branch, where nobody committed to it.
    idle_branch: Option<BranchName>,
}

/// The treatment of a leftover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The whole content of the checkout is in a commit.
    Delete,
    /// The checkout may hold the only copy of something.
    Trash,
    /// The checkout is gone, but git still has an entry for it, or its branch.
    Forget,
    /// A person uses it now; the words say how, and which command releases it.
    LeaveAlone(String),
}

/// The templates by which places are named.
#[derive(Debug, Clone, Copy)]
pub struct PlaceTemplates<'a> {
    /// Those of the run, which somebody else may have written.
    pub of_run: &'a Naming,
    /// Those that the user has set or approved.
    pub trusted: &'a Naming,
}

/// Returns the leftovers of a run's units, and its checkout of the base. The run must have ended.
#[must_use]
pub fn leftovers(
    repo: &Repo,
    places: &Places,
    templates: PlaceTemplates<'_>,
    state: &RunState,
) -> Vec<Leftover> {
    let naming = templates.of_run;
    let one = |unit| leftover(repo, places, templates, state, unit).transpose();
    state
        .units
        .par_iter()
        .filter_map(|unit| {
            one(unit).map(|found| {
                found.unwrap_or_else(|error| Leftover {
                    path: place(naming, &state.id, unit),
                    fate: Fate::LeaveAlone(error.to_string()),
                    unit: unit.header.id.clone(),
                    is_own: false,
                    start: state.header.base.clone(),
                    idle_branch: None,
                })
            })
        })
        .chain(nobodys(repo, templates, state, UnitId::base()))
        .chain(nobodys(repo, templates, state, UnitId::union()))
        .collect()
}

/// Returns the leftover of a checkout that holds nobody's work: that of the base, or of the union.
fn nobodys(
    repo: &Repo,
    templates: PlaceTemplates<'_>,
    state: &RunState,
    unit: UnitId,
) -> Option<Leftover> {
    let path = templates.of_run.folder(&state.id, &unit);
    let is_own = is_own(repo, templates.trusted, (&state.id, &unit), &path);
    let standing = repo.worktree_state(&worktree_name(&state.id, &unit), &path);
    let folders = WorkerFolders::of((repo, &state.id, &unit), &path);
    let fate = match standing {
        WorktreeState::Gone if !is_own || !folders.is_left() => return None,
        WorktreeState::Present if !is_own => not_own(),
        WorktreeState::Gone | WorktreeState::Unfinished | WorktreeState::Missing => Fate::Forget,
        WorktreeState::Present => Fate::Delete,
        WorktreeState::Moved { to } => moved(&to),
        WorktreeState::Locked { reason } => locked(reason, &path),
    };
    Some(Leftover {
        path,
        fate,
        unit,
        is_own,
        start: state.header.base.clone(),
        idle_branch: None,
    })
}

fn moved(to: &Path) -> Fate {
    Fate::LeaveAlone(format!(
        "it was moved to {to}; git worktree remove {to} takes it away",
        to = to.display()
    ))
}

fn not_own() -> Fate {
    Fate::LeaveAlone(
        "the run names this place, but nothing shows that a checkout of the run is there; if one is, delete it by hand"
            .to_owned(),
    )
}

fn locked(reason: Option<String>, path: &Path) -> Fate {
    Fate::LeaveAlone(format!(
        "it is locked{}; git worktree unlock {} lets it go",
        reason.map_or_else(String::new, |reason| format!(" ({reason})")),
        path.display()
    ))
}

/// Returns the place of a unit's checkout: the recorded one while something is there, because the settings may name
/// other places by now, and otherwise the place that follows from run and unit, because the repository may have been
/// moved.
fn place(naming: &Naming, run: &RunId, unit: &UnitState) -> PathBuf {
    unit.attempt
        .worktree
        .clone()
        .filter(|recorded| recorded.symlink_metadata().is_ok())
        .unwrap_or_else(|| naming.folder(run, &unit.header.id))
}

fn leftover(
    repo: &Repo,
    places: &Places,
    templates: PlaceTemplates<'_>,
    state: &RunState,
    unit: &UnitState,
) -> Result<Option<Leftover>, GitError> {
    let naming = templates.of_run;
    let id = &unit.header.id;
    let path = place(naming, &state.id, unit);
    let is_own = is_own(repo, templates.trusted, (&state.id, id), &path);
    let name = worktree_name(&state.id, id);
    let branch = unit
        .attempt
        .branch_name()
        .cloned()
        .unwrap_or_else(|| naming.branch(&state.id, id));
    let tip = repo.branch_tip(&branch)?;
    let (start, is_idle) = start(repo, state, unit, tip)?;
    let command = |words: &str| format!("git worktree {words}");
    let folders = WorkerFolders::of((repo, &state.id, id), &path);
    let fate = match repo.worktree_state(&name, &path) {
        WorktreeState::Gone if is_idle || (is_own && folders.is_left()) => Fate::Forget,
        WorktreeState::Gone => return Ok(None),
        WorktreeState::Unfinished => Fate::Forget,
        WorktreeState::Missing if was_put_away(places, &state.id, &name) => Fate::Forget,
        WorktreeState::Missing => Fate::LeaveAlone(format!(
            "its folder is missing; if it is gone for good, {} has git forget it",
            command("prune")
        )),
        WorktreeState::Moved { to } => moved(&to),
        WorktreeState::Locked { reason } => locked(reason, &path),
        WorktreeState::Present if !is_own => not_own(),
        WorktreeState::Present => {
            let now = repo
                .snapshot_read_only(&path, &places.index(&state.id, id))
                .ok();
            let known = match (&unit.attempt.commit, unit.outcome()) {
                (Some(commit), _) => Some(commit.clone()),
                (None, Some(Outcome::NoChange { .. })) => Some(start.clone()),
                _ => None,
            };
            let edited = now
                .as_ref()
                .zip(unit.ended_at.filter(|_| unit.outcome().is_some()))
                .and_then(|(now, ended)| {
                    let before = known.as_ref().unwrap_or(&start);
                    edited_after(repo, &path, (before, now), ended)
                });
            match edited {
                Some(file) => Fate::LeaveAlone(format!(
                    "somebody has worked in it since its unit ended ({file}); {} takes it away",
                    command(&format!("remove --force {}", path.display()))
                )),
                None if now.is_some()
                    && now == known.and_then(|it: CommitId| repo.tree(&it).ok()) =>
                {
                    Fate::Delete
                }
                None => Fate::Trash,
            }
        }
    };
    let idle_branch = Some(branch).filter(|_| is_idle);
    Ok(Some(Leftover {
        path,
        fate,
        unit: id.clone(),
        is_own,
        start,
        idle_branch,
    }))
}

/// Returns the commit that a unit started from, and whether its branch still points there. Where a process was killed
/// before it recorded the commit, the commit is one that the unit may have started from.
fn start(
    repo: &Repo,
    state: &RunState,
    unit: &UnitState,
    tip: Option<CommitId>,
) -> Result<(CommitId, bool), GitError> {
    if let Some(start) = unit.attempt.start() {
        return Ok((start.clone(), tip.as_ref() == Some(start)));
    }
    let needs: Vec<CommitId> = unit
        .header
        .needs
        .iter()
        .filter_map(|id| state.unit(id)?.attempt.commit.clone())
        .collect();
    let Some(tip) = tip else {
        return Ok((state.header.base.clone(), false));
    };

    let is_start = tip == state.header.base
        || needs.contains(&tip)
        || (needs.len() > 1 && repo.is_join_of(&tip, &needs)?);
    Ok((tip, is_start))
}

/// Checks whether a process removed the checkout and was killed before it removed git's entry.
fn was_put_away(places: &Places, run: &RunId, name: &str) -> bool {
    places.done(run).join(name).exists() || places.trash().join(name).exists()
}

/// Returns a file that differs between the two trees and was written or deleted after `moment`, in milliseconds since
/// 1970.
fn edited_after(
    repo: &Repo,
    worktree: &Path,
    (before, now): (&CommitId, &TreeId),
    moment: i64,
) -> Option<String> {
    let changes = repo.changes(before, now).ok()?;
    let later = changes.list.iter().find(|change| {
        let path = worktree.join(std::ffi::OsStr::from_bytes(&change.path));
        // The folder of a deleted file says when it was deleted.
        let above = usize::from(change.kind == ChangeKind::Deleted);
        let meta = path
            .ancestors()
            .skip(above)
            .find_map(|path| fs::symlink_metadata(path).ok());
        meta.is_some_and(|meta| meta.ctime() * 1_000 + meta.ctime_nsec() / 1_000_000 > moment)
    })?;
    Some(String::from_utf8_lossy(&later.path).into_owned())
}

impl Leftover {
    /// Does what the fate says. A checkout to delete only goes into the run's folder for that.
    pub fn take_away(
        &self,
        repo: &Repo,
        places: &Places,
        run: &RunId,
    ) -> Result<Option<Trashed>, GitError> {
        let name = worktree_name(run, &self.unit);
        let mut trashed = None;
        match self.fate {
            Fate::LeaveAlone(_) => {
                // Git's own commands, which the words name, refuse a locked worktree.
                repo.unlock_worktree(&name)?;
                return Ok(None);
            }
            Fate::Forget => repo.forget_worktree(&name)?,
            Fate::Trash => {
                trashed = trash(repo, places, (run, &self.unit), &self.path, &self.start)?;
            }
            Fate::Delete => {
                repo.discard_worktree(&name, &self.path, &places.done(run))
                    .map(drop)
                    .or_else(|_| repo.remove_worktree(&name, &self.path))?;
            }
        }
        let folders = WorkerFolders::of((repo, run, &self.unit), &self.path);
        if self.is_own {
            folders.remove_folder()?;
        }
        folders.remove_temp_dir()?;
        repo.delete_refs_below(&kept_trees(run, &self.unit))?;
        places.delete_indexes(run, &self.unit);
        if self.is_own {
            remove_empty_folders_above(&self.path);
        }
        if let Some(branch) = &self.idle_branch {
            repo.delete_untouched_branch(branch, &self.start)?;
        }
        Ok(trashed)
    }
}
