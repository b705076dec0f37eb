//! Whether a worktree still is where it was made, and whether somebody has laid hands on it since: locked it, moved it,
//! or taken its folder away.

use std::fs;
use std::path::{Path, PathBuf};

use super::repo::Repo;

/// How a worktree stands that was made at a place, under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Neither its folder nor git's entry for it is there.
    Gone,
    /// Its folder is there. Git may have forgotten it.
    Here,
    /// There is an entry without a place: it was never finished.
    HalfMade,
    /// Git knows it, but its folder is not there.
    Missing,
    /// Somebody moved it.
    Moved { to: PathBuf },
    /// Somebody locked it (`git worktree lock`), perhaps with a reason.
    Locked { reason: Option<String> },
}

impl Repo {
    /// How the worktree stands that was registered as `name` at `path`.
    #[must_use]
    pub fn standing(&self, name: &str, path: &Path) -> Standing {
        let admin = self.admin_dir(name);
        let is_there = path.symlink_metadata().is_ok();
        if !admin.exists() {
            return if is_there {
                Standing::Here
            } else {
                Standing::Gone
            };
        }
        if let Ok(reason) = fs::read_to_string(admin.join("locked")) {
            let reason = Some(reason.trim().to_owned()).filter(|reason| !reason.is_empty());
            return Standing::Locked { reason };
        }
        // The file names the worktree's own `.git`, from the entry where it is relative.
        let link = fs::read_to_string(admin.join("gitdir")).unwrap_or_default();
        let link = admin.join(link.trim_end());
        match link.parent().filter(|place| !place.starts_with(&admin)) {
            Some(place) if !is_same(place, path) && place.exists() => Standing::Moved {
                to: place.to_path_buf(),
            },
            _ if is_there => Standing::Here,
            Some(_) => Standing::Missing,
            None => Standing::HalfMade,
        }
    }
}

fn is_same(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
