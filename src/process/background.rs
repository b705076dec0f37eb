//! A program that goes on without the one that started it: nobody waits for it, and the end of the terminal's session
//! does not reach it.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::ProcessError;

/// Starts `program` in the folder `dir`, with nothing to read and its output in `log`, and leaves it. In a process group
/// of its own it is never the terminal's foreground, which alone is told when the terminal goes. Gives its number.
pub fn background<A: AsRef<OsStr>>(
    program: &Path,
    args: impl IntoIterator<Item = A>,
    dir: &Path,
    log: &Path,
) -> Result<u32, ProcessError> {
    let log_error = |source| ProcessError::Log {
        path: log.to_path_buf(),
        source,
    };
    let out = File::create(log).map_err(log_error)?;
    let err = out.try_clone().map_err(log_error)?;
    let child = Command::new(program)
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .process_group(0)
        .spawn()
        .map_err(|source| ProcessError::Start {
            program: program.to_string_lossy().into_owned(),
            source,
        })?;
    Ok(child.id())
}
