//! Where a program's name leads, before it is started: so that a missing one is a clear sentence and not a bare errno.
//! Knows nothing of what the program does.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::ProcessError;

/// The executable file that `name` means for a child in `dir` with this `PATH`; a name with a slash is a path from `dir`.
pub fn find_program(name: &str, dir: &Path, path: Option<&OsStr>) -> Option<PathBuf> {
    which::which_in(name, path, dir).ok()
}

/// The same for any file name, or the reason why there is none.
pub fn locate(program: &OsStr, dir: &Path, path: Option<&OsStr>) -> Result<PathBuf, ProcessError> {
    // A relative folder would be applied twice: once here, and once by the child's own change of directory.
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

    fn why(program: &str, dir: &Path) -> String {
        locate(OsStr::new(program), dir, Some(OsStr::new("/bin")))
            .map_or_else(|error| error.to_string(), |path| path.display().to_string())
    }

    #[test]
    fn a_program_is_found_on_the_path_or_from_the_folder() -> std::io::Result<()> {
        let dir = tempfile::tempdir()?;
        std::fs::write(dir.path().join("plain"), "")?;
        assert_eq!(why("sh", dir.path()), "/bin/sh");
        assert_eq!(
            why("no-such-program", dir.path()),
            "cannot start 'no-such-program': no such program on PATH; install it, or name it by its full path"
        );
        assert_eq!(
            why("./plain", dir.path()),
            "cannot start './plain': the file is not executable; try 'chmod +x ./plain'"
        );
        assert!(why("./absent", dir.path()).contains("no such file in"));
        assert!(why("sh", &dir.path().join("gone")).contains("does not exist"));
        assert!(find_program("sh", dir.path(), None).is_none());
        Ok(())
    }
}
