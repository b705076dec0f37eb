//! The places of a unit's workers beside their checkout: their private repository and their temporary folder. Both
//! follow from repository, run and unit, so that a later process finds and removes them.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::git::{GitError, Repo, delete_tree, digest, write_workers_global_config};
use crate::plan::UnitId;
use crate::run::log::run_id::RunId;

/// The system's temporary folder may have a path of so many bytes; in a longer one, the path of a socket would soon
/// pass the 108 bytes that unix(7) allows.
const LONGEST: usize = 48;

/// The places of a unit's workers beside their checkout.
#[derive(Debug, Clone)]
pub(crate) struct WorkerFolders {
    /// A hidden folder beside the checkout, where a search upwards does not find the user's repository. No unit's name
    /// begins with a dot.
    folder: PathBuf,
    temp_dir: PathBuf,
}

impl WorkerFolders {
    /// Names the places of the workers of a unit, whose checkout is at `path`.
    pub(crate) fn of((repo, run, unit): (&Repo, &RunId, &UnitId), path: &Path) -> Self {
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        let whose = format!("{}\n{run}\n{unit}", repo.common_dir().display());
        let digest = digest(whose.as_bytes());
        let short = digest.get(..12).unwrap_or(&digest);
        Self {
            folder: path.with_file_name(name),
            temp_dir: system_temp_dir().join(format!("batch-{short}")),
        }
    }

    /// The hidden folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The workers' private repository.
    pub(crate) fn git(&self) -> PathBuf {
        self.folder.join("git")
    }

    /// Git's configuration file for all repositories, as the workers see it.
    pub(crate) fn global_config(&self) -> PathBuf {
        self.folder.join("gitconfig")
    }

    /// The folder for the agents' own files: settings, sessions, summary.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// The folder that workers in a sandbox take for the user's home.
    pub(crate) fn user_home(&self) -> PathBuf {
        self.folder.join("user")
    }

    /// Moves the agents' own files to `kept`, where a later follow-up finds them. Where that is impossible, an agent
    /// begins a new session.
    pub(crate) fn keep_home(&self, kept: &Path) {
        let home = self.home();
        if home.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
            let moved = delete_tree(kept).and_then(|()| fs::rename(&home, kept));
            if let Err(error) = moved {
                tracing::info!("{} is not kept: {error}", home.display());
            }
        }
    }

    /// Moves the agents' own files back from `kept`, if they are there.
    pub(crate) fn take_home(&self, kept: &Path) {
        let is_kept = kept.symlink_metadata().is_ok_and(|meta| meta.is_dir());
        if is_kept
            && self.home().symlink_metadata().is_err()
            && let Err(error) = fs::rename(kept, self.home())
        {
            tracing::info!("{} is not used: {error}", kept.display());
        }
    }

    /// The temporary folder of the workers. Its path is short.
    pub(crate) fn temp_dir(&self) -> &Path {
        &self.temp_dir
    }

    /// Checks whether anything is left here.
    pub(crate) fn is_left(&self) -> bool {
        self.folder.symlink_metadata().is_ok() || self.temp_dir.symlink_metadata().is_ok()
    }

    /// Makes the hidden folder, in place of whatever a worker put there that is no folder.
    pub(crate) fn make(&self) -> Result<(), GitError> {
        let folder = &self.folder;
        if folder.symlink_metadata().is_ok_and(|meta| !meta.is_dir()) {
            fs::remove_file(folder).map_err(fault("cannot remove", folder))?;
        }
        fs::create_dir_all(folder).map_err(fault("cannot make", folder))?;
        let user = self.user_home();
        fs::create_dir_all(&user).map_err(fault("cannot make", &user))?;
        write_workers_global_config(&self.global_config())
    }

    /// Makes the temporary folder, empty, and closed to other users.
    pub(crate) fn make_temp_dir(&self) -> Result<(), GitError> {
        let folder = &self.temp_dir;
        self.remove_temp_dir()?;
        // The folder above may be everybody's: a link that somebody puts there is not followed.
        fs::DirBuilder::new()
            .mode(0o700)
            .create(folder)
            .map_err(fault("cannot make", folder))
    }

    /// Deletes the temporary folder.
    pub(crate) fn remove_temp_dir(&self) -> Result<(), GitError> {
        let folder = &self.temp_dir;
        delete_tree(folder).map_err(fault("cannot remove", folder))
    }

    /// Deletes the hidden folder. A link in its place is deleted, and nothing behind it.
    pub(crate) fn remove_folder(&self) -> Result<(), GitError> {
        delete_tree(&self.folder).map_err(fault("cannot remove", &self.folder))
    }
}

/// Returns the system's temporary folder for this user, or `/tmp` where its path is long or not whole.
fn system_temp_dir() -> PathBuf {
    let folder = std::env::temp_dir();
    let is_usable = folder.is_absolute() && folder.as_os_str().len() <= LONGEST;
    if !is_usable && Path::new("/tmp").is_dir() {
        return PathBuf::from("/tmp");
    }
    folder
}

fn fault(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> GitError {
    let path = path.to_path_buf();
    move |source| GitError::Io { what, path, source }
}
