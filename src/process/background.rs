//! Starts a program that outlives this process: nobody waits for the program, and the end of the terminal session does
//! not reach it.

use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::error::ProcessError;
use super::session::in_own_session;

/// Starts `program` in the folder `dir`, without input and with its output in `log`. In a session of its own it has no
/// terminal, so no hangup reaches it. The program goes on when the returned handle is dropped.
pub fn start_in_background<A: AsRef<OsStr>>(
    program: &Path,
    args: impl IntoIterator<Item = A>,
    dir: &Path,
    log: &Path,
) -> Result<Child, ProcessError> {
    let log_error = |source| ProcessError::Log {
        path: log.to_path_buf(),
        source,
    };
    let out = File::create(log).map_err(log_error)?;
    let err = out.try_clone().map_err(log_error)?;
    in_own_session(&mut Command::new(program))
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .spawn()
        .map_err(|source| ProcessError::Start {
            program: program.to_string_lossy().into_owned(),
            source,
        })
}
