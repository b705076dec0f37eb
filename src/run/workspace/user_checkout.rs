//! Notices changes in the user's own checkout, in which no worker is to write.
//!
//! It needs no knowledge of agents: it compares the metadata of files at two moments. A change may be the user's own,
//! so it accuses nobody; git's own work there, such as a switch of branches, is no change.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use crate::git::Repo;

/// The state of files in the user's checkout at one moment.
#[derive(Debug)]
pub(crate) struct UserCheckout {
    repo: Repo,
    stamps: BTreeMap<String, Option<Stamp>>,
}

/// The metadata that change when a file is written.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    file: u64,
    size: u64,
    written: (i64, i64),
}

impl UserCheckout {
    /// Looks at files of the user's checkout; paths are relative to its root.
    pub(crate) fn look_at(repo: &Repo, files: impl IntoIterator<Item = String>) -> Self {
        let stamp = |path: String| {
            let stamp = Stamp::of(repo, &path);
            (path, stamp)
        };
        Self {
            stamps: files.into_iter().map(stamp).collect(),
            repo: repo.clone(),
        }
    }

    /// Returns the files that changed since, and that differ from a commit.
    pub(crate) fn changed(&self) -> Vec<String> {
        let changed: Vec<String> = self
            .stamps
            .iter()
            .filter(|(path, before)| Stamp::of(&self.repo, path) != **before)
            .map(|(path, _)| path.clone())
            .collect();
        // A checkout without uncommitted changes was changed by git alone.
        if changed.is_empty() || matches!(self.repo.has_uncommitted_changes(), Ok(false)) {
            return Vec::new();
        }
        changed
    }
}

impl Stamp {
    /// Returns nothing where there is no file.
    fn of(repo: &Repo, path: &str) -> Option<Self> {
        let metadata = repo.root().join(path).symlink_metadata();
        metadata.ok().as_ref().map(Self::from)
    }
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        Self {
            file: metadata.ino(),
            size: metadata.size(),
            written: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}
