//! A program that the user works in, such as an editor: it has the terminal, the parent's environment and all the time
//! it likes, and Ctrl-C means it. Never for anything a unit brings along.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use super::program::locate;
use super::{Ending, ProcessError};

/// Runs the program in the current folder until the user leaves it.
///
/// It stays in the parent's process group: a program in another one would be stopped as soon as it read a key.
pub fn foreground(program: &OsStr, args: &[OsString]) -> Result<Ending, ProcessError> {
    let path = env::var_os("PATH");
    let file = locate(program, Path::new("."), path.as_deref())?;
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
    fn it_stays_in_the_group_of_the_terminal_and_its_ending_is_told() {
        // `ps -o pgid=` without a process id would be about the shell's own terminal: ask for both by id.
        let script = r#"[ "$(ps -o pgid= -p $$)" = "$(ps -o pgid= -p $1)" ] && exit 7"#;
        let args = ["-c", script, "sh", &std::process::id().to_string()].map(OsString::from);
        let ending = foreground(OsStr::new("sh"), &args);
        assert_eq!(ending.unwrap(), Ending::Exit(7));
    }

    #[test]
    fn a_missing_program_is_a_sentence() {
        let error = foreground(OsStr::new("no-such-program"), &[]).unwrap_err();
        assert!(error.to_string().contains("no such program on PATH"));
    }
}
