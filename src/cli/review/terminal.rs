//! The person at the terminal: shows text, reads keys, and starts the editor.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, IsTerminal};
use std::path::Path;

use console::{Key, Term};
use nix::sys::termios::{FlushArg, tcflush};

use crate::process::{Ending, ProcessError, run_in_foreground};

/// The person who reviews. It is a trait, because a test cannot press keys.
pub(super) trait Person {
    /// Returns the width of a line, where it is limited.
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
        // Where this fails, a key that was pressed early counts, which is no reason to stop.
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

/// Returns the editor that the user configured, which may be a command with arguments.
fn editor(variable: impl Fn(&str) -> Option<OsString>) -> OsString {
    ["VISUAL", "EDITOR"]
        .into_iter()
        .filter_map(variable)
        .find(|value| !value.to_string_lossy().trim().is_empty())
        .unwrap_or_else(|| "vi".into())
}

/// Returns the arguments for `sh`: a shell splits the editor's command as the user expects it, as git does, and the
/// file's name is an argument of its own, so that the shell does not interpret it.
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
