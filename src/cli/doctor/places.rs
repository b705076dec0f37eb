//! Examines the places where batch writes: its state inside the repository, and the worktrees beside it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Result;
use nix::sys::statvfs::statvfs;

use super::finding::Finding;
use crate::config::Config;
use crate::git::Repo;
use crate::journal::{self, Journal};
use crate::plan::UnitId;
use crate::run::{Naming, Places, RunId};
use crate::words;

/// With less free space than this, only few worktrees fit.
const LITTLE: u128 = GIB;
const GIB: u128 = 1 << 30;

/// A file of this size fills at least one block, so that a reflink of it shares something.
const BLOCK: [u8; 4096] = [b'x'; 4096];

pub(super) fn state(repo: &Repo) -> Finding {
    let folder = repo.state_dir();
    match try_writing(&folder) {
        Ok(()) => Finding::ok("state", folder.display().to_string()),
        Err(error) => not_writable("state", &folder, &error),
    }
}

pub(super) fn journal(repo: &Repo) -> Finding {
    const SUBJECT: &str = "journal";
    let path = Places::new(repo.state_dir()).journal();
    match journal::find_damage(&path) {
        Ok(None) => {}
        Ok(Some(what)) => {
            return Finding::problem(
                SUBJECT,
                format!(
                    "{} is damaged ({what}): run batch status, which sets it aside and recovers its readable events",
                    path.display()
                ),
            );
        }
        Err(error) => return Finding::error(SUBJECT, error),
    }
    match Journal::read(&path).and_then(|journal| journal.map(|it| it.runs()).transpose()) {
        Ok(None) => Finding::ok(SUBJECT, "none yet: nothing has run here"),
        Ok(Some(runs)) => Finding::ok(
            SUBJECT,
            format!("intact, {} known", words::count(runs.len(), "run")),
        ),
        Err(error) => Finding::error(SUBJECT, error),
    }
}

/// Examines folder, free space and reflinks; where the folder is unusable, it returns only that.
pub(super) fn worktrees(repo: &Repo, config: &Config) -> Vec<Finding> {
    const SUBJECT: &str = "worktrees";
    let folder = match shared_folder(repo, config) {
        Ok(folder) => folder,
        Err(error) => return vec![Finding::error(SUBJECT, error)],
    };
    if let Err(error) = try_writing(&folder) {
        return vec![not_writable(SUBJECT, &folder, &error)];
    }
    let place = if folder.starts_with(repo.main_checkout())
        && !folder.starts_with(repo.common_dir())
    {
        Finding::warning(
            SUBJECT,
            format!(
                "{} is inside the repository, where tools treat worktrees as a part of it: choose a dir beside the \
                 repository in [worktrees] of batch.toml",
                folder.display()
            ),
        )
    } else {
        Finding::ok(SUBJECT, format!("below {}", folder.display()))
    };
    let there = existing(&folder);
    vec![place, space(there), reflinks(there)]
}

/// Returns the folder that holds the worktrees of all runs, which is the part that the paths of different units share.
pub(super) fn shared_folder(repo: &Repo, config: &Config) -> Result<PathBuf> {
    let naming = Naming::of(config, repo)?;
    let folder = |id: &str| {
        let unit = UnitId::parse(id).map_err(anyhow::Error::msg)?;
        Ok::<_, anyhow::Error>(naming.folder(&RunId::from_journal(id), &unit))
    };
    let (one, other) = (folder("1")?, folder("2")?);
    Ok(one
        .components()
        .zip(other.components())
        .take_while(|(one, other)| one == other)
        .map(|(part, _)| part)
        .collect())
}

pub(super) fn space(folder: &Path) -> Finding {
    const SUBJECT: &str = "space";
    match statvfs(folder) {
        Ok(found) => {
            // The numbers have other widths on other systems.
            judge_space(u128::from(found.blocks_available()) * u128::from(found.fragment_size()))
        }
        Err(error) => Finding::warning(
            SUBJECT,
            format!(
                "the free space of {} cannot be read ({error}): make sure there is enough",
                folder.display()
            ),
        ),
    }
}

pub(super) fn judge_space(free: u128) -> Finding {
    let tenths = free * 10 / GIB;
    let words = format!("{}.{} GiB free for worktrees", tenths / 10, tenths % 10);
    if free < LITTLE {
        Finding::warning(
            "space",
            format!("{words}: free some space, or use fewer agents at once with -j"),
        )
    } else {
        Finding::ok("space", words)
    }
}

fn reflinks(folder: &Path) -> Finding {
    let words = match try_reflink(folder) {
        Ok(()) => "supported: files copied by .worktreeinclude take no space",
        Err(_) => "not supported: files copied by .worktreeinclude take their full space",
    };
    Finding::ok("reflinks", words)
}

fn try_reflink(folder: &Path) -> io::Result<()> {
    let scratch = tempfile::Builder::new()
        .prefix(".batch-doctor-")
        .tempdir_in(folder)?;
    let (from, to) = (scratch.path().join("from"), scratch.path().join("to"));
    fs::write(&from, BLOCK)?;
    reflink_copy::reflink(from, to)
}

/// Makes a file without a name where `folder` is, or where it would be made.
fn try_writing(folder: &Path) -> io::Result<()> {
    tempfile::tempfile_in(existing(folder)).map(drop)
}

fn existing(folder: &Path) -> &Path {
    folder
        .ancestors()
        .find(|place| place.exists())
        .unwrap_or(folder)
}

fn not_writable(subject: &'static str, folder: &Path, error: &io::Error) -> Finding {
    Finding::problem(
        subject,
        format!(
            "{} cannot be written ({error}): change its permissions, or free space",
            folder.display()
        ),
    )
}
