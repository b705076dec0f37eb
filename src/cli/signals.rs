//! Turns Ctrl-C and the signals that end a program into requests to stop, and makes the runtime in which they are
//! awaited.

use anyhow::Context;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::process;
use crate::run::Stop;

/// Starts the runtime for everything asynchronous.
pub(super) fn runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")
}

/// Sends requests to stop. The first Ctrl-C lets running units finish; a second one, or SIGTERM or SIGHUP, stops them.
/// A SIGHUP that this process ignores stays ignored: `nohup batch run` outlives its terminal.
pub(super) async fn listen(stops: mpsc::Sender<Stop>) {
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
        hangup(),
    ) else {
        return;
    };
    let mut stop = Stop::Drain;
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => stop = Stop::Now,
            () = received(&mut hangup) => stop = Stop::Now,
        }
        if stops.send(stop).await.is_err() {
            return;
        }
        stop = Stop::Now;
    }
}

/// Listens to the hangup of the terminal, unless this process ignores it.
pub(super) fn hangup() -> std::io::Result<Option<Signal>> {
    if process::ignores_hangup() {
        return Ok(None);
    }
    signal(SignalKind::hangup()).map(Some)
}

/// Waits for the signal; for ever where nobody listens to it.
pub(super) async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
