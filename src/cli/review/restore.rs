//! Restores the terminal. While the program waits for a key, the terminal passes every key on at once and echoes none;
//! it must not stay in that state when the program is ended from outside or panics.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::thread::{self, JoinHandle};

use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::cli::exit_code::INTERRUPTED;
use crate::cli::signals::{hangup, received};

/// Restores the terminal when it is dropped, and when a signal ends the program before that.
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
    /// Saves the settings of the terminal that keys are read from.
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
        // A terminal that is gone needs no restoring.
        let _ = tcsetattr(&self.terminal, SetArg::TCSANOW, &self.settings);
    }
}

impl RestoreTerminal {
    /// Remembers the present settings of the terminal.
    pub(in crate::cli) fn later() -> Self {
        let saved = Saved::now().ok();
        // Where signals cannot be handled, the terminal is restored in all other cases.
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

/// Starts a thread that restores the terminal and ends the program on a signal, until the returned sender stops it.
fn listen() -> io::Result<(oneshot::Sender<()>, JoinHandle<()>)> {
    let saved = Saved::now()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let (mut terminate, mut hangup) = {
        let _inside = runtime.enter();
        (signal(SignalKind::terminate())?, hangup()?)
    };
    let (over, told) = oneshot::channel();
    let listener = thread::Builder::new().spawn(move || {
        let is_over = runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => false,
                () = received(&mut hangup) => false,
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
