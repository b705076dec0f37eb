//! Runs a program that the user works in, such as an editor: with the terminal, the environment of this process and no
//! time limit, and Ctrl-C reaches it. Never for a program from a unit.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use super::ending::Ending;
use super::error::ProcessError;
use super::program::locate_program;

/// Runs the program in the current folder until the user leaves it.
///
/// The program stays in the process group of this process: the terminal stops a program in any other group as soon as
/// the program reads a key.
pub fn run_in_foreground(program: &OsStr, args: &[OsString]) -> Result<Ending, ProcessError> {
    let path = env::var_os("PATH");
    let file = locate_program(program, Path::new("."), path.as_deref())?;
    let mut child = Command::new(file)
        .args(args)
        .spawn()
        .map_err(|source| ProcessError::start(program, source))?;
    let status = child
        .wait()
        .map_err(|source| ProcessError::lost(program, source))?;
    Ok(status.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_stays_in_the_process_group_and_its_ending_is_returned() {
        // `ps` needs both process ids: without one, it shows the processes of the terminal.
        let script = r#"[ "$(ps -o pgid= -p $$)" = "$(ps -o pgid= -p $1)" ] && exit 7"#;
        let args = ["-c", script, "sh", &std::process::id().to_string()].map(OsString::from);
        let ending = run_in_foreground(OsStr::new("sh"), &args);
        assert_eq!(ending.unwrap(), Ending::Exit(7));
    }

    #[test]
    fn a_missing_program_is_explained() {
        let error = run_in_foreground(OsStr::new("no-such-program"), &[]).unwrap_err();
        assert!(error.to_string().contains("no such program on PATH"));
    }
}
