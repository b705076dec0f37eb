//! The person at the terminal: what they see, the keys they press, the editor they like.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, IsTerminal};
use std::path::Path;

use console::{Key, Term};
use nix::sys::termios::{FlushArg, tcflush};

use crate::process::{Ending, ProcessError, run_in_foreground};

/// Whoever reviews. A trait, because a test cannot press keys.
pub(super) trait Person {
    /// How wide a line may be, where there is a limit.
    fn width(&self) -> Option<u16>;
    fn show(&mut self, text: &str) -> io::Result<()>;
    /// Drops the keys that were pressed already.
    fn forget_keys(&mut self);
    /// Waits for a key. The end of input is an [`io::ErrorKind::UnexpectedEof`].
    fn key(&mut self) -> io::Result<Key>;
    /// Lets the person edit the file.
    fn edit(&mut self, file: &Path) -> Result<Ending, ProcessError>;
}

pub(super) struct AtTerminal<'a>(pub(super) &'a Term);

impl Person for AtTerminal<'_> {
    fn width(&self) -> Option<u16> {
        // Some terminals do not know their size and say 0.
        self.0
            .size_checked()
            .map(|(_, columns)| columns)
            .filter(|&columns| columns > 0)
    }

    fn show(&mut self, text: &str) -> io::Result<()> {
        self.0.write_str(text)?;
        self.0.flush()
    }

    fn forget_keys(&mut self) {
        // Where it does not work, an early key counts: no reason to stop.
        let stdin = io::stdin();
        let _ = if stdin.is_terminal() {
            tcflush(stdin, FlushArg::TCIFLUSH).ok()
        } else {
            File::open("/dev/tty")
                .ok()
                .and_then(|tty| tcflush(tty, FlushArg::TCIFLUSH).ok())
        };
    }

    fn key(&mut self) -> io::Result<Key> {
        if !self.0.is_term() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.0.read_key_raw()
    }

    fn edit(&mut self, file: &Path) -> Result<Ending, ProcessError> {
        let editor = editor(|name| env::var_os(name));
        run_in_foreground(OsStr::new("sh"), &arguments(&editor, file))
    }
}

/// The editor as the user configured it, which may be a command with arguments.
fn editor(variable: impl Fn(&str) -> Option<OsString>) -> OsString {
    ["VISUAL", "EDITOR"]
        .into_iter()
        .filter_map(variable)
        .find(|value| !value.to_string_lossy().trim().is_empty())
        .unwrap_or_else(|| "vi".into())
}

/// What `sh` is told: a shell splits the editor's command as the user expects it, as git does, and the file's name
/// comes by itself so that the shell does not read it.
fn arguments(editor: &OsStr, file: &Path) -> [OsString; 4] {
    let mut script = editor.to_owned();
    script.push(" \"$@\"");
    ["-c".into(), script, editor.to_owned(), file.into()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_editor_that_is_set_is_taken() {
        let choose = |visual: Option<&str>, name: Option<&str>| {
            editor(|variable| match variable {
                "VISUAL" => visual.map(OsString::from),
                _ => name.map(OsString::from),
            })
        };
        assert_eq!(choose(Some("code --wait"), Some("ed")), "code --wait");
        assert_eq!(choose(Some(" "), Some("ed")), "ed");
        assert_eq!(choose(None, Some("")), "vi");
    }

    #[test]
    fn an_editor_may_have_arguments_and_a_file_blanks() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a 'plan'.toml");
        std::fs::write(&file, "var").unwrap();
        let arguments = arguments(OsStr::new("perl -pi -e 's/var/const x/'"), &file);
        let ending = run_in_foreground(OsStr::new("sh"), &arguments).unwrap();
        assert!(ending.is_success());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "const x");
    }

    #[test]
    fn where_there_is_no_terminal_input_has_ended() {
        let file = tempfile::tempfile().unwrap();
        let term = Term::read_write_pair(file.try_clone().unwrap(), file);
        let error = AtTerminal(&term).key().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
