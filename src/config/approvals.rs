//! What a person has approved, in the user's own state folder: never in a repository, which others may have prepared.
//!
//! Each approval is a file of its own, so that two processes at once lose nothing. It holds for one repository on this
//! machine: a command such as `npm test` runs what that repository holds.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::deciding::{self, Deciding};
use super::error::ConfigError;

/// The approvals for one repository.
#[derive(Debug, Clone)]
pub(crate) struct Approvals {
    /// `None` where the user has no state folder.
    folder: Option<PathBuf>,
    /// The repository's git folder, which all its checkouts share.
    repository: PathBuf,
}

/// One approval, for a person who looks into the folder.
#[derive(Debug, Serialize, Deserialize)]
struct Approval {
    repository: String,
    hash: String,
    /// What was shown.
    settings: Vec<(String, String)>,
}

impl Approvals {
    /// Finds the user's state folder, by the rules of XDG.
    #[must_use]
    pub(crate) fn of(repository: &Path, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let folder = |name: &str| {
            let path = PathBuf::from(variable(name)?);
            // A relative path has no meaning there (XDG Base Directory Specification).
            path.is_absolute().then_some(path)
        };
        let base = folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")));
        Self {
            folder: base.map(|base| base.join("batch/approved")),
            repository: repository.to_path_buf(),
        }
    }

    /// Checks whether exactly these settings were approved here. What decides nothing needs no approval.
    #[must_use]
    pub(crate) fn has(&self, deciding: &Deciding) -> bool {
        let is_it = |path: PathBuf| {
            let text = fs::read(path).ok()?;
            let known: Approval = serde_json::from_slice(&text).ok()?;
            Some(known.hash == deciding.hash())
        };
        deciding.is_empty() || self.file(deciding).and_then(is_it) == Some(true)
    }

    /// Remembers that these settings were approved here.
    pub(crate) fn add(&self, deciding: &Deciding) -> Result<(), ConfigError> {
        if self.has(deciding) {
            return Ok(());
        }
        let Some(path) = self.file(deciding) else {
            return Err(ConfigError::NoHome);
        };
        let approval = Approval {
            repository: self.repository.to_string_lossy().into_owned(),
            hash: deciding.hash(),
            settings: deciding
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        };
        write(&path, &approval).map_err(|source| ConfigError::Write { path, source })
    }

    fn file(&self, deciding: &Deciding) -> Option<PathBuf> {
        let repository = self.repository.as_os_str().as_bytes();
        let hash = deciding.hash();
        let name = deciding::hash([repository, hash.as_bytes()].into_iter());
        Some(self.folder.as_ref()?.join(format!("{name}.json")))
    }
}

fn write(path: &Path, approval: &Approval) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    // Settings may hold what nobody else is to read.
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(".new-")
        .permissions(fs::Permissions::from_mode(0o600))
        .tempfile_in(folder)?;
    let text = serde_json::to_string_pretty(approval).map_err(io::Error::other)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_holds_for_one_repository_and_these_settings() {
        let dir = tempfile::tempdir().unwrap();
        let of = |repository: &str| {
            Approvals::of(Path::new(repository), |name| {
                (name == "XDG_STATE_HOME").then(|| dir.path().into())
            })
        };
        let one = Deciding::default().with("checks.commands", "[\"true\"]");
        let other = Deciding::default().with("checks.commands", "[\"false\"]");
        assert!(!of("/a").has(&one));
        of("/a").add(&one).unwrap();
        assert!(of("/a").has(&one));
        assert!(!of("/a").has(&other));
        assert!(!of("/b").has(&one));
        assert!(of("/b").has(&Deciding::default()));
    }

    #[test]
    fn without_a_home_nothing_is_remembered() {
        let one = Deciding::default().with("checks.commands", "[\"true\"]");
        let nowhere = Approvals::of(Path::new("/a"), |_| None);
        assert!(!nowhere.has(&one));
        assert!(matches!(nowhere.add(&one), Err(ConfigError::NoHome)));
    }
}
