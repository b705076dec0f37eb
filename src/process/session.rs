//! Starts a program in a session of its own, which has no terminal.
//!
//! In a process group alone, a program that reads a key from the terminal is stopped by the terminal and waits for
//! ever, because batch has the terminal. Without a terminal, its read fails at once. The first process of a session
//! also leads a process group of its own.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Lets the command start as the first process of a session.
pub(super) fn in_own_session(command: &mut Command) -> &mut Command {
    let begin = || nix::unistd::setsid().map(|_| ()).map_err(io::Error::from);
    #[expect(unsafe_code, reason = "std has no safe call for this yet")]
    // SAFETY: setsid(2) may be called between fork and exec; nothing is allocated or locked there.
    unsafe {
        command.pre_exec(begin)
    }
}
