//! Decides whether a folder is a checkout of a run. The journal and the saved settings of a run lie in the git folder,
//! which somebody else may have prepared, so what they name is not taken for the run's own.
//!
//! Two things show that a folder is the run's: it lies where the user's settings put checkouts, or it leads to git's
//! entry for just this checkout, which only somebody who could write to the folder anyway can have set.

use std::path::Path;

use crate::git::Repo;
use crate::plan::UnitId;
use crate::run::log::run_id::RunId;
use crate::run::workspace::naming::{Naming, worktree_name};

/// Checks whether the folder at `path`, and the hidden one beside it, are the unit's. `trusted` are the templates that
/// the user has set or approved.
pub(crate) fn is_own(
    repo: &Repo,
    trusted: &Naming,
    (run, unit): (&RunId, &UnitId),
    path: &Path,
) -> bool {
    if repo.is_worktree_of(&worktree_name(run, unit), path) {
        return true;
    }
    let is_in_place = run.is_plain() && path == trusted.folder(run, unit);
    is_in_place && is_reached_by_no_link(&trusted.folder_of_all(), path) && repo.may_own(path)
}

/// Checks that neither `above` nor a folder between it and `path` is a link.
fn is_reached_by_no_link(above: &Path, path: &Path) -> bool {
    path.ancestors()
        .skip(1)
        .take_while(|folder| folder.starts_with(above))
        .all(|folder| !folder.is_symlink())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_on_the_way_leads_elsewhere() {
        let tmp = tempfile::tempdir().unwrap();
        let root = tmp.path();
        std::fs::create_dir_all(root.join("real/run")).unwrap();
        std::os::unix::fs::symlink("real", root.join("link")).unwrap();
        let is_reached =
            |all: &str, path: &str| is_reached_by_no_link(&root.join(all), &root.join(path));
        assert!(is_reached("real", "real/run/unit"));
        assert!(!is_reached("link", "link/run/unit"));
        // Above the folder of all checkouts the user decides.
        assert!(is_reached("link/run", "link/run/unit"));
    }
}
