//! Turns Ctrl-C and the signals that end a program into requests to stop, and makes the runtime in which they are
//! awaited.

use anyhow::Context;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::run::Stop;

/// Starts the runtime for everything asynchronous.
pub(super) fn runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")
}

/// Sends requests to stop. The first Ctrl-C lets running units finish; a second one, or SIGTERM or SIGHUP, stops them.
pub(super) async fn listen(stops: mpsc::Sender<Stop>) {
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
    ) else {
        return;
    };
    let mut stop = Stop::Drain;
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => stop = Stop::Now,
            _ = hangup.recv() => stop = Stop::Now,
        }
        if stops.send(stop).await.is_err() {
            return;
        }
        stop = Stop::Now;
    }
}
