//! Finds the file of a program before it is started, so that a missing program is a clear sentence instead of a bare
//! errno.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::error::ProcessError;

/// Returns the executable file that `name` refers to for a child in `dir` with this `PATH`. A name with a slash is a
/// path from `dir`.
pub fn find_program(name: &str, dir: &Path, path: Option<&OsStr>) -> Option<PathBuf> {
    which::which_in(name, path, dir).ok()
}

/// Does the same as [`find_program`], with the reason as an error if there is no such file.
pub fn locate_program(
    program: &OsStr,
    dir: &Path,
    path: Option<&OsStr>,
) -> Result<PathBuf, ProcessError> {
    // A relative path would be resolved twice: here, and again after the child changes its directory.
    let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    if !dir.is_dir() {
        return Err(ProcessError::NoDirectory {
            program: program.to_string_lossy().into_owned(),
            dir,
        });
    }
    which::which_in(program, path, &dir).map_err(|_| ProcessError::not_found(program, &dir))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located(program: &str, dir: &Path) -> String {
        locate_program(OsStr::new(program), dir, Some(OsStr::new("/bin")))
            .map_or_else(|error| error.to_string(), |path| path.display().to_string())
    }

    #[test]
    fn a_program_is_found_on_the_path_or_from_the_folder() -> std::io::Result<()> {
        let dir = tempfile::tempdir()?;
        std::fs::write(dir.path().join("plain"), "")?;
        assert_eq!(located("sh", dir.path()), "/bin/sh");
        assert_eq!(
            located("no-such-program", dir.path()),
            "cannot start 'no-such-program': no such program on PATH; install it, or name it by its full path"
        );
        assert_eq!(
            located("./plain", dir.path()),
            "cannot start './plain': the file is not executable; try 'chmod +x ./plain'"
        );
        assert!(located("./absent", dir.path()).contains("no such file in"));
        assert!(located("sh", &dir.path().join("gone")).contains("does not exist"));
        assert!(find_program("sh", dir.path(), None).is_none());
        Ok(())
    }
}
