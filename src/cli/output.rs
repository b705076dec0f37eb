//! Prints data and text on standard output, and messages on standard error.

use std::io::{ErrorKind, Write};

/// Prints data or text on standard output. A closed pipe is no error.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    print_bytes(text.as_bytes())
}

/// Prints the result of work that is done, which counts whether or not the output can be written: a fault is a message.
pub(super) fn print_result(text: &[u8]) {
    if let Err(error) = print_bytes(text) {
        say(&format!("warning: the output cannot be written: {error}"));
    }
}

pub(super) fn print_bytes(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Prints a message for people on standard error.
pub(super) fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Returns the width of the terminal behind standard output, if there is one.
pub(super) fn stdout_width() -> Option<u16> {
    let term = console::Term::stdout();
    term.is_term().then(|| term.size().1)
}

/// Returns the width of the terminal behind standard error, if there is one.
pub(super) fn stderr_width() -> Option<u16> {
    let term = console::Term::stderr();
    term.is_term().then(|| term.size().1)
}

/// Checks whether a person can be asked: both standard input and standard error are terminals.
pub(super) fn can_ask() -> bool {
    console::Term::stderr().is_term() && std::io::IsTerminal::is_terminal(&std::io::stdin())
}
