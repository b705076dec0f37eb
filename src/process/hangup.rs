//! Tells whether this process ignores the hangup of its terminal, because nohup(1) or its like started it so.

use std::process::{Command, Stdio};

/// Checks whether this process ignores a hangup.
///
/// A child ignores what its parent ignores, and a shell cannot trap a signal that it ignored when it started (POSIX,
/// `trap`): its trap decides here. Once this process handles the signal itself, the answer is no.
pub fn ignores_hangup() -> bool {
    let shell = Command::new("sh")
        .args(["-c", "trap 'exit 1' HUP; kill -HUP $$"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    shell.is_ok_and(|status| status.success())
}
