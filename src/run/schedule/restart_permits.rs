//! Permits for agents that were killed from outside: they restart one after another, and only while few enough agents
//! work. If all of them restarted at once, they would be killed again.

use tokio::sync::{Mutex, MutexGuard, watch};

/// Lets killed agents restart one after another.
#[derive(Debug)]
pub(crate) struct RestartPermits {
    open: watch::Sender<bool>,
    next: Mutex<()>,
}

impl RestartPermits {
    pub(crate) fn new() -> Self {
        Self {
            open: watch::Sender::new(true),
            next: Mutex::new(()),
        }
    }

    /// Says whether one more agent may work.
    pub(crate) fn set_open(&self, is_open: bool) {
        self.open
            .send_if_modified(|open| std::mem::replace(open, is_open) != is_open);
    }

    /// Waits until the agent may work. No other agent restarts before the permit is dropped, which is to happen when
    /// the state knows that the agent works.
    pub(crate) async fn permit(&self) -> MutexGuard<'_, ()> {
        let next = self.next.lock().await;
        // The sender lives as long as this value.
        let _ = self.open.subscribe().wait_for(|open| *open).await;
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the result of work that needs no waiting.
    async fn at_once<T>(work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = std::future::ready(()) => None,
        }
    }

    #[tokio::test]
    async fn agents_restart_one_after_another_and_only_while_it_is_open() {
        let permits = RestartPermits::new();
        let first = at_once(permits.permit()).await;
        assert!(first.is_some());
        assert!(at_once(permits.permit()).await.is_none());
        permits.set_open(false);
        drop(first);
        assert!(at_once(permits.permit()).await.is_none());
        permits.set_open(true);
        assert!(at_once(permits.permit()).await.is_some());
    }
}
