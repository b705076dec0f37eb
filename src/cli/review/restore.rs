//! The terminal as it was: while a key is waited for it hands on every key at once and shows none, and must not stay so
//! when the program is ended from outside or breaks down.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::thread::{self, JoinHandle};

use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::cli::exit_code::INTERRUPTED;

/// Restores the terminal when it is dropped, and when the system wants the program to end before that.
pub(in crate::cli) struct RestoreTerminal {
    terminal: Option<Saved>,
    over: Option<oneshot::Sender<()>>,
    listener: Option<JoinHandle<()>>,
}

struct Saved {
    terminal: OwnedFd,
    settings: Termios,
}

impl Saved {
    /// Of the terminal that keys are read from.
    fn now() -> io::Result<Self> {
        let stdin = io::stdin();
        let terminal = if stdin.is_terminal() {
            stdin.as_fd().try_clone_to_owned()?
        } else {
            File::open("/dev/tty")?.into()
        };
        let settings = tcgetattr(&terminal)?;
        Ok(Self { terminal, settings })
    }

    fn restore(&self) {
        // A terminal that is gone needs nothing.
        let _ = tcsetattr(&self.terminal, SetArg::TCSANOW, &self.settings);
    }
}

impl RestoreTerminal {
    /// Remembers how the terminal is now.
    pub(in crate::cli) fn later() -> Self {
        let saved = Saved::now().ok();
        // Where nobody can listen, the terminal is restored in all other cases.
        let (over, listener) = saved
            .is_some()
            .then(|| listen().ok())
            .flatten()
            .map_or((None, None), |(over, listener)| {
                (Some(over), Some(listener))
            });
        Self {
            terminal: saved,
            over,
            listener,
        }
    }
}

impl Drop for RestoreTerminal {
    fn drop(&mut self) {
        if let Some(over) = self.over.take() {
            let _ = over.send(());
        }
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
        if let Some(saved) = &self.terminal {
            saved.restore();
        }
    }
}

/// A thread that ends the program when the system wants it to, until it is told that this is over.
fn listen() -> io::Result<(oneshot::Sender<()>, JoinHandle<()>)> {
    let saved = Saved::now()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let (mut terminate, mut hangup) = {
        let _inside = runtime.enter();
        (
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        )
    };
    let (over, told) = oneshot::channel();
    let listener = thread::Builder::new().spawn(move || {
        let is_over = runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => false,
                _ = hangup.recv() => false,
                _ = told => true,
            }
        });
        if !is_over {
            saved.restore();
            let _ = writeln!(io::stderr());
            std::process::exit(i32::from(INTERRUPTED));
        }
    })?;
    Ok((over, listener))
}
