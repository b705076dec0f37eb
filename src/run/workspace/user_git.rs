//! Notices what somebody else than batch changes in the user's git folder while workers run.
//!
//! The folder is described before the first worker of a process, in memory and in a file. The file remains after a
//! kill, so that the next process compares with the time before any worker; the end of a process removes it, and the
//! user's own changes after that are accepted.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::git::{GitError, GitFolder, GitFolderChange};
use crate::run::log::run_fact::RunFact;
use crate::run::log::run_id::RunId;
use crate::run::workspace::workspace::Workspace;

/// A fact names at most so many changes.
const NAMED: usize = 20;

/// The user's git folder before the workers of a process.
#[derive(Debug)]
pub(crate) struct UserGit {
    workspace: Workspace,
    before: GitFolder,
    /// The changes that a fact tells already.
    told: Mutex<Vec<GitFolderChange>>,
}

impl UserGit {
    /// Describes the folder, or reads how a killed process described it.
    pub(crate) fn begin(workspace: &Workspace) -> Result<Self, GitError> {
        let path = workspace.places.git_folder(&workspace.run);
        let before = if let Some(before) = read(&path)? {
            workspace.repo.follow_git_folder(before)
        } else {
            let before = workspace.repo.git_folder();
            write(&path, &before).map_err(|source| GitError::Io {
                what: "cannot write",
                path,
                source,
            })?;
            before
        };
        Ok(Self {
            workspace: workspace.clone(),
            before,
            told: Mutex::default(),
        })
    }

    /// Returns the changes of settings and hooks.
    pub(crate) fn decisive_changes(&self) -> Vec<GitFolderChange> {
        self.workspace.repo.decisive_changes(&self.before)
    }

    /// Returns all changes but those of batch itself.
    pub(crate) fn changes(&self) -> Vec<GitFolderChange> {
        let Workspace { repo, run, .. } = &self.workspace;
        let mut runs = self.runs();
        runs.push(run.clone());
        let naming = &self.workspace.naming;
        repo.git_folder_changes(&self.before, |name| {
            let branch = name.strip_prefix("refs/heads/");
            branch.is_some_and(|branch| runs.iter().any(|run| naming.is_branch_of(run, branch)))
        })
    }

    /// Lists the runs of the repository, because other processes may drive some of them.
    fn runs(&self) -> Vec<RunId> {
        let entries = fs::read_dir(self.workspace.places.runs());
        let names = entries.into_iter().flatten().flatten();
        let names = names.filter_map(|entry| entry.file_name().into_string().ok());
        names.map(|name| RunId::from_journal(&name)).collect()
    }

    /// Returns the fact about those of the changes that no fact has told yet, where there are any.
    pub(crate) fn untold(&self, mut changes: Vec<GitFolderChange>) -> Option<RunFact> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        changes.retain(|change| !told.contains(change));
        told.extend(changes.iter().cloned());
        if changes.is_empty() {
            return None;
        }
        let more = changes.len().saturating_sub(NAMED);
        changes.truncate(NAMED);
        Some(RunFact::GitFolderChanged { changes, more })
    }

    /// Forgets the description, after all changes were told.
    pub(crate) fn end(&self) {
        let path = self.workspace.places.git_folder(&self.workspace.run);
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!("{} cannot be removed: {error}", path.display());
        }
    }
}

/// Reads the description; `None` where there is none, or none that this version of batch understands.
fn read(path: &Path) -> Result<Option<GitFolder>, GitError> {
    match fs::read(path) {
        Ok(text) => {
            let read = serde_json::from_slice(&text);
            let warn = |error: &serde_json::Error| {
                tracing::warn!("{} cannot be understood: {error}", path.display());
            };
            Ok(read.inspect_err(warn).ok())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(GitError::Io {
            what: "cannot read",
            path: PathBuf::from(path),
            source,
        }),
    }
}

/// Writes the description whole or not at all, in a file that only the user reads: a setting's name may hold an address
/// with a password.
fn write(path: &Path, folder: &GitFolder) -> io::Result<()> {
    let text = serde_json::to_vec(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(&text)?;
    file.persist(path)?;
    Ok(())
}
