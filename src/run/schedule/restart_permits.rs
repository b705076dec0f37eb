//! The way back to work for agents that were killed from outside: one after another, and only while few enough others
//! work. All at once, they would be killed again.

use tokio::sync::{Mutex, MutexGuard, watch};

/// Lets agents work again.
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

    /// Says whether one more may work.
    pub(crate) fn tell(&self, is_open: bool) {
        self.open
            .send_if_modified(|open| std::mem::replace(open, is_open) != is_open);
    }

    /// Waits until it may work. Nobody else comes back before what is given is dropped, which is for when all know that
    /// it works.
    pub(crate) async fn turn(&self) -> MutexGuard<'_, ()> {
        let next = self.next.lock().await;
        // The sender is ours, and does not go away meanwhile.
        let _ = self.open.subscribe().wait_for(|open| *open).await;
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of it without waiting.
    async fn at_once<T>(work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = std::future::ready(()) => None,
        }
    }

    #[tokio::test]
    async fn they_come_back_one_after_another_and_only_while_it_is_open() {
        let it = RestartPermits::new();
        let first = at_once(it.turn()).await;
        assert!(first.is_some());
        assert!(at_once(it.turn()).await.is_none());
        it.tell(false);
        drop(first);
        assert!(at_once(it.turn()).await.is_none());
        it.tell(true);
        assert!(at_once(it.turn()).await.is_some());
    }
}
