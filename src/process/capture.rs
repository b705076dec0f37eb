//! A short, synchronous call of a trusted program, whose whole output is wanted.
//!
//! It keeps the caller's environment, credentials included: this is for git and the like, never for an agent or a check.

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::ProcessError;

/// One call, being put together.
#[derive(Debug)]
pub struct Capture {
    program: OsString,
    args: Vec<OsString>,
    envs: Vec<(OsString, OsString)>,
    dir: Option<PathBuf>,
}

impl Capture {
    /// A call of `program`, looked up on PATH.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: program.as_ref().into(),
            args: Vec::new(),
            envs: Vec::new(),
            dir: None,
        }
    }

    /// Further arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().into()));
        self
    }

    /// A variable that the program sees besides the caller's own.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.envs
            .push((name.as_ref().into(), value.as_ref().into()));
        self
    }

    /// The folder to run in; without it, the caller's.
    #[must_use]
    pub fn dir(mut self, dir: &Path) -> Self {
        self.dir = Some(dir.to_path_buf());
        self
    }

    /// Runs the program to its end, with nothing on its standard input.
    pub fn run(self) -> Result<Output, ProcessError> {
        let program = self.program.to_string_lossy().into_owned();
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .envs(self.envs)
            .stdin(Stdio::null());
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        command.output().map_err(|source| match self.dir {
            // The kernel says "not found" of the folder and of the program alike.
            Some(dir) if source.kind() == ErrorKind::NotFound && !dir.is_dir() => {
                ProcessError::NoFolder { program, dir }
            }
            _ if source.kind() == ErrorKind::NotFound => ProcessError::NotFound { program },
            _ => ProcessError::Io { program, source },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_status_and_variables_come_through() {
        let out = Capture::new("sh")
            .args(["-c", "echo \"$WORD\"; echo two >&2; exit 3"])
            .env("WORD", "one")
            .run()
            .unwrap();
        assert_eq!(out.stdout, b"one\n");
        assert_eq!(out.stderr, b"two\n");
        assert_eq!(out.status.code(), Some(3));
    }

    #[test]
    fn a_missing_program_and_a_missing_folder_are_told_apart() {
        let program = Capture::new("no-such-program-anywhere").run().unwrap_err();
        assert!(
            matches!(program, ProcessError::NotFound { .. }),
            "{program}"
        );
        let folder = Capture::new("sh")
            .dir(Path::new("/no/such/folder"))
            .run()
            .unwrap_err();
        assert!(matches!(folder, ProcessError::NoFolder { .. }), "{folder}");
    }
}
