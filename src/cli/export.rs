//! `batch export`: prints every event of a run in the lines of `--json`, or writes its commits as patches or as a
//! bundle.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::global::Global;
use super::output::{print, say};
use super::workspace::{folder, known_run, warn_of_repair};
use crate::git::{BranchName, CommitId, Repo};
use crate::progress;
use crate::run::{self, KnownRun, Places, UnitState};

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// A run's id, or a part of it [default: the latest run]
    run: Option<String>,
    /// Write each unit's commit as a patch for git am into this folder instead
    #[arg(long, value_name = "DIR", conflicts_with = "bundle")]
    patches: Option<PathBuf>,
    /// Write the units' branches as a bundle for git fetch into this file instead
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
}

pub(super) fn run(global: &Global, args: &ExportArgs) -> anyhow::Result<u8> {
    match (&args.patches, &args.bundle) {
        (Some(dir), _) => patches(global, args, &folder(global)?.join(dir)),
        (None, Some(file)) => bundle(global, args, &folder(global)?.join(file)),
        (None, None) => events(global, args),
    }
}

fn events(global: &Global, args: &ExportArgs) -> anyhow::Result<u8> {
    let repo = Repo::discover(&folder(global)?)?;
    let places = Places::new(repo.state_dir());
    let (id, events) = run::read_journal(
        &places,
        |journal| {
            let id = run::find(journal, args.run.as_deref())?;
            let events = run::events(journal, &id)?;
            Ok((id, events))
        },
        warn_of_repair,
    )?;
    for event in &events {
        print(&format!("{}\n", progress::json_line(&id, event)))?;
    }
    Ok(0)
}

/// Writes one patch for each unit. Their numbers follow the order of needs.
fn patches(global: &Global, args: &ExportArgs, dir: &Path) -> anyhow::Result<u8> {
    let known = known_run(global, args.run.as_deref())?;
    let units = in_order(&known)?;
    std::fs::create_dir_all(dir)
        .with_context(|| format!("the folder {} cannot be made", dir.display()))?;
    for (number, (unit, commit, _)) in (1..).zip(&units) {
        let path = dir.join(format!("{number:04}-{}.patch", unit.header.id));
        let mail = known.repo.patch_of(commit)?;
        std::fs::write(&path, mail)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    // Without the flag, git am takes what stands in brackets at the beginning of a subject for a tag of the mail.
    say(&format!(
        "{} in {}; on {}: git am --keep-non-patch {}/*.patch",
        several(units.len(), "patch"),
        dir.display(),
        known.state.header.base,
        dir.display()
    ));
    Ok(0)
}

fn bundle(global: &Global, args: &ExportArgs, file: &Path) -> anyhow::Result<u8> {
    let known = known_run(global, args.run.as_deref())?;
    let units = in_order(&known)?;
    let branches: Vec<&BranchName> = units.iter().map(|(_, _, branch)| *branch).collect();
    known
        .repo
        .bundle(file, &known.state.header.base, &branches)?;
    say(&format!(
        "{} in {}; in a clone that has {}: git fetch {} 'refs/heads/*:refs/heads/*'",
        several(branches.len(), "branch"),
        file.display(),
        known.state.header.base,
        file.display()
    ));
    Ok(0)
}

/// Returns the number with its noun: `1 branch`, `2 branches`.
fn several(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "es" };
    format!("{number} {noun}{ending}")
}

/// Returns the units with a commit, each with its commit and branch, and after its needs.
fn in_order(known: &KnownRun) -> anyhow::Result<Vec<(&UnitState, &CommitId, &BranchName)>> {
    let committed: Vec<_> = known
        .state
        .needs_first()
        .into_iter()
        .filter_map(|unit| {
            Some((
                unit,
                unit.attempt.commit.as_ref()?,
                unit.attempt.branch_name()?,
            ))
        })
        .collect();
    if committed.is_empty() {
        anyhow::bail!("no unit of run {} has a commit", known.state.id);
    }
    Ok(committed)
}
