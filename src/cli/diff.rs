//! `batch diff`: prints the changes of a unit, from its commit, or from its worktree while there is no commit.
//!
//! Unless the raw bytes are asked for, nothing in the changes reaches the terminal as more than text.

use clap::Args;

use super::global::Global;
use super::output::{print, print_bytes};
use super::patch;
use super::workspace::known_run;
use crate::git::CommitId;
use crate::run::UnitState;

#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// A unit's id, or a part of it
    unit: String,
    /// With --best-of: the candidate of this number, from 1 [default: the candidate that was taken]
    #[arg(long, value_name = "N")]
    rival: Option<usize>,
    /// Print the bytes of the patch as they are, for git apply [default: control characters are shown as ^[]
    #[arg(long)]
    raw: bool,
    /// A run's id, or a part of it [default: the latest run]
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
}

pub(super) fn run(global: &Global, args: &DiffArgs) -> anyhow::Result<u8> {
    let known = known_run(global, args.run.as_deref())?;
    let unit = known.unit(&args.unit)?;
    let id = &unit.header.id;
    let Some(start) = unit.attempt.start() else {
        anyhow::bail!("unit {id} has not started, so there is no change to show");
    };
    let place = unit.attempt.worktree.as_ref().map(|_| known.checkout(id));
    let after = match (args.rival, &unit.attempt.commit, place.transpose()?) {
        (Some(number), ..) => known.repo.tree(rival(unit, number)?)?,
        (None, Some(commit), _) => known.repo.tree(commit)?,
        (None, None, Some(worktree)) if worktree.exists() => {
            // The pipeline may be working with the kept index at this moment.
            let kept = known.places.index(&known.state.id, id);
            known.repo.snapshot_read_only(&worktree, &kept)?
        }
        _ => anyhow::bail!(
            "unit {id} made no commit and its worktree is gone, so there is nothing to compare"
        ),
    };
    if global.json {
        let changes = known.repo.changes(start, &after)?;
        let paths: Vec<String> = changes
            .list
            .iter()
            .map(|change| String::from_utf8_lossy(&change.path).into_owned())
            .collect();
        let data = serde_json::json!({
            "unit": id.as_str(),
            "start": start,
            "files": paths,
            "insertions": changes.insertions,
            "deletions": changes.deletions,
        });
        print(&format!("{data:#}\n"))?;
        return Ok(0);
    }
    let patch = known.repo.patch(start, &after)?;
    if args.raw {
        print_bytes(&patch)?;
    } else {
        print(&patch::shown(&patch))?;
    }
    Ok(0)
}

/// Returns the commit of a candidate.
fn rival(unit: &UnitState, number: usize) -> anyhow::Result<&CommitId> {
    let id = &unit.header.id;
    let place = number.checked_sub(1).and_then(|at| unit.candidates.get(at));
    let Some(rival) = place else {
        anyhow::bail!(
            "unit {id} has no candidate {number}: it has {}",
            unit.candidates.len()
        );
    };
    match rival.commit.as_ref().or(unit.attempt.start()) {
        Some(commit) => Ok(commit),
        None => anyhow::bail!("candidate {number} of unit {id} left no commit"),
    }
}
