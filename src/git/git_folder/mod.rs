//! The user's git folder at a moment, so that changes that somebody else makes while workers run are told by name.
//!
//! Workers have git folders of their own; a worker that knows the path of the user's can write there all the same. This
//! value only compares. It puts nothing back, because another terminal of the user may have made the change.

mod change;
mod files;
mod refs;
mod rename;
mod secrets;
mod settings;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use change::GitFolderChange;
use files::Files;
use refs::{Refs, Stashes};
use settings::Settings;

use super::repo::Repo;

/// The user's git folder at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GitFolder {
    decisive: DecisiveFiles,
    info: Files,
    stashes: Stashes,
    refs: Refs,
    /// The paths of the git folder and of the main checkout, by which the files are named; empty in descriptions of
    /// earlier versions.
    #[serde(default)]
    places: Vec<String>,
}

/// The part of a git folder that decides what a push does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DecisiveFiles {
    settings: Settings,
    hooks: Files,
}

impl Repo {
    /// Describes the user's git folder as it is now.
    pub(crate) fn git_folder(&self) -> GitFolder {
        GitFolder {
            decisive: self.decisive_files(),
            info: Files::info(&self.common),
            stashes: Stashes::read(&self.common),
            refs: Refs::read(self),
            places: self.described_places(),
        }
    }

    /// Returns the paths that change when somebody moves the repository.
    fn described_places(&self) -> Vec<String> {
        let places = [&*self.common, self.main_checkout()];
        let places = places.map(|place| place.to_string_lossy().into_owned());
        places.into()
    }

    /// Names the files of an earlier description as they are called where the repository is now.
    pub(crate) fn follow_git_folder(&self, mut before: GitFolder) -> GitFolder {
        let now = self.described_places();
        for (from, to) in std::mem::take(&mut before.places).iter().zip(&now) {
            if from != to {
                before.decisive.settings.rename(from, to);
                before.decisive.hooks.rename(from, to);
                before.info.rename(from, to);
            }
        }
        GitFolder {
            places: now,
            ..before
        }
    }

    /// Describes settings and hooks as they are now.
    fn decisive_files(&self) -> DecisiveFiles {
        let mut files = vec![
            self.common.join("config"),
            self.common.join("config.worktree"),
        ];
        files.extend(
            self.own_git_dir()
                .map(|folder| folder.join("config.worktree")),
        );
        let inside = [&*self.common, self.root(), self.main_checkout()];
        let settings = Settings::read(&files, &inside);
        // Hooks outside of the git folder are files of a checkout, or the person's own.
        let further = settings.value("core.hookspath");
        let further = further.and_then(|path| self.root().join(path).canonicalize().ok());
        let further = further.filter(|path| path.starts_with(&self.common));
        DecisiveFiles {
            hooks: Files::hooks(&self.common, further.as_deref()),
            settings,
        }
    }

    /// Returns the folder that git keeps for the user's checkout, where that is a linked one. It is read from the file
    /// `.git`, because no setting can make that fail.
    pub(in crate::git) fn own_git_dir(&self) -> Option<PathBuf> {
        let text = fs::read_to_string(self.root().join(".git")).ok()?;
        let path = text.strip_prefix("gitdir:")?.trim();
        Some(self.root().join(path))
    }

    /// Tells which settings and hooks differ from an earlier moment.
    pub(crate) fn decisive_changes(&self, before: &GitFolder) -> Vec<GitFolderChange> {
        let mut changes = self
            .decisive_files()
            .changes_since(&before.decisive, &self.common);
        changes.retain(|change| change.holds_publishing);
        changes
    }

    /// Tells all differences to an earlier moment, but for the refs that are batch's own.
    pub(crate) fn git_folder_changes(
        &self,
        before: &GitFolder,
        is_batchs: impl Fn(&str) -> bool,
    ) -> Vec<GitFolderChange> {
        let now = self.git_folder();
        let mut changes = now.decisive.changes_since(&before.decisive, &self.common);
        changes.extend(now.info.info_since(&before.info, &self.common));
        changes.extend(now.stashes.changes_since(&before.stashes));
        changes.extend(now.refs.changes_since(&before.refs, is_batchs));
        changes
    }
}

impl DecisiveFiles {
    fn changes_since(&self, before: &Self, common: &Path) -> Vec<GitFolderChange> {
        let config = common.join("config");
        let mut changes = self.settings.changes_since(&before.settings, &config);
        changes.extend(self.hooks.hooks_since(&before.hooks, common));
        changes
    }
}
