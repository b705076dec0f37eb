//! Settings of coding agents that a repository holds: which of them a run would meet, and how an approval names them.

use crate::agent;
use crate::config::{CodingKind, Deciding};
use crate::git::{CommitId, EntryKind, GitError, Repo, TrackedFile};

/// Finds the files of a commit that a coding agent would obey.
pub fn agent_settings(
    repo: &Repo,
    commit: &CommitId,
    kind: CodingKind,
) -> Result<Deciding, GitError> {
    let would_obey = agent::project_settings(kind);
    let files: Vec<TrackedFile> = repo
        .entries(commit)?
        .into_iter()
        .filter(|entry| matches!(entry.kind, EntryKind::File | EntryKind::Symlink))
        .filter(|entry| would_obey.has(&String::from_utf8_lossy(&entry.path)))
        .map(|entry| TrackedFile {
            path: entry.path,
            blob: entry.blob.to_string(),
        })
        .collect();
    Ok(deciding_files(&files))
}

/// Names these files with exactly their content.
#[must_use]
pub(crate) fn deciding_files(files: &[TrackedFile]) -> Deciding {
    files.iter().fold(Deciding::default(), |deciding, file| {
        deciding.with(&String::from_utf8_lossy(&file.path), &file.blob)
    })
}
