//! The trash: checkouts that may hold the only copy of something, each with a file beside it that says how to get it
//! back.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::git::{CommitId, GitError, Repo, free_name};
use crate::plan::UnitId;
use crate::run::log::record::now;
use crate::run::log::run_id::RunId;
use crate::run::workspace::naming::worktree_name;
use crate::run::workspace::places::Places;
use crate::run::workspace::worker_folders::WorkerFolders;
use crate::words;

/// The names of half copies begin so: the whole is elsewhere.
const UNFINISHED: &str = ".unfinished-";

/// A checkout in the trash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trashed {
    pub at: PathBuf,
    /// A shell command that makes it a worktree again.
    pub back: String,
}

/// Moves a unit's checkout at `path`, which was made from the commit `start`, to the trash; `None` when it was gone
/// already.
pub fn trash(
    repo: &Repo,
    places: &Places,
    (run, unit): (&RunId, &UnitId),
    path: &Path,
    start: &CommitId,
) -> Result<Option<Trashed>, GitError> {
    let name = worktree_name(run, unit);
    if path.symlink_metadata().is_err() {
        repo.forget_worktree(&name)?;
        return Ok(None);
    }
    let at = free_name(&places.trash(), &name);
    let back = way_back(repo.main_checkout(), &at, path, start);
    // The note is written first, so that no checkout lies there without one.
    let now = words::timestamp(now());
    let mut text =
        format!("What unit {unit} of run {run} left in its worktree, moved here on {now}.\n");
    let _ = writeln!(text, "To get it back as a worktree:\n\n    {back}");
    let note = note(&at);
    let write = || {
        fs::create_dir_all(places.trash())?;
        fs::write(&note, text)
    };
    write().map_err(|source| GitError::Io {
        what: "cannot write",
        path: note.clone(),
        source,
    })?;
    let unfinished = places.trash().join(format!("{UNFINISHED}{name}"));
    let gone = WorkerFolders::of((repo, run, unit), path)
        .folder()
        .join("gone");
    repo.trash_worktree(&name, path, &at, (&unfinished, &gone))?;
    Ok(Some(Trashed { at, back }))
}

/// Returns the file that says how to get the checkout at `at` back.
fn note(at: &Path) -> PathBuf {
    let mut name = at.as_os_str().to_owned();
    name.push(".txt");
    name.into()
}

/// Writes the command that gets a checkout back: on no branch, because its branch may have changed, and beside the old
/// place, which may be in use again.
fn way_back(home: &Path, at: &Path, path: &Path, start: &CommitId) -> String {
    let to = at
        .file_name()
        .map_or_else(|| path.to_path_buf(), |name| path.with_file_name(name));
    let word = |path: &Path| {
        let text = path.to_string_lossy();
        shlex::try_quote(&text).map_or_else(|_| text.to_string(), std::borrow::Cow::into_owned)
    };
    let (home, at, to) = (word(home), word(at), word(&to));
    format!(
        "git -C {home} worktree add --quiet --detach --no-checkout {to} {start} && cp -a {at}/. {to} && git -C {to} \
         reset --quiet"
    )
}

/// Returns the checkouts that have been in the trash since `before` (milliseconds since 1970) or longer.
pub fn lying(places: &Places, before: i64) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(places.trash()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut lying = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let is_unfinished = path
            .file_name()
            .is_some_and(|name| name.as_bytes().starts_with(UNFINISHED.as_bytes()));
        if !path.is_dir() || is_unfinished {
            continue;
        }
        // A moved checkout keeps its own times.
        let since = note(&path).metadata().or_else(|_| path.metadata());
        let since = since.and_then(|meta| meta.modified())?;
        let since = since
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| {
                i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
            });
        if since <= before {
            lying.push(path);
        }
    }
    lying.sort();
    Ok(lying)
}

/// Deletes the half copies that a killed process left.
pub fn delete_unfinished(places: &Places) -> io::Result<()> {
    let entries = match fs::read_dir(places.trash()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry
            .file_name()
            .as_bytes()
            .starts_with(UNFINISHED.as_bytes())
        {
            crate::git::delete_tree(&entry.path())?;
        }
    }
    Ok(())
}

/// Deletes for good the checkouts that [`lying`] found.
pub fn delete(lying: &[PathBuf]) -> io::Result<()> {
    for path in lying {
        crate::git::delete_tree(path)?;
        crate::git::delete_tree(&note(path))?;
    }
    Ok(())
}
