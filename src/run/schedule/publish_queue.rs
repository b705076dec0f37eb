//! The queue of units that want to publish: one after another, in the order in which they ask.
//!
//! The queue holds values and says whose turn it is. Its lock is held for a moment only, never while a unit waits or
//! talks to a server.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::forge::PullRequestRef;
use crate::run::schedule::publish_limiter::{
    PublishBlock, PublishHistory, PublishLimits, PublishRequest,
};

/// The units that want to publish, and what the run has published.
#[derive(Debug)]
pub(crate) struct PublishQueue {
    limits: PublishLimits,
    known: Mutex<Known>,
    /// Counts the changes, so that waiting units notice each.
    changes: watch::Sender<u64>,
}

#[derive(Debug)]
struct Known {
    history: PublishHistory,
    /// The units in the order in which they asked.
    waiting: Vec<Waiting>,
    /// The ticket of the unit that publishes now.
    publishing: Option<u64>,
    next_ticket: u64,
}

#[derive(Debug)]
struct Waiting {
    ticket: u64,
    request: PublishRequest,
}

/// Whether a unit may publish now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PublishDecision {
    Publish,
    /// Another unit publishes or decides first.
    WaitForTurn,
    Wait(PublishBlock),
}

/// The place of a unit in the queue. Dropping it lets the next unit publish.
#[derive(Debug)]
pub(crate) struct PublishPermit {
    queue: Arc<PublishQueue>,
    ticket: u64,
}

impl PublishQueue {
    /// Makes the queue of a run that has published so much.
    pub(crate) fn new(limits: PublishLimits, history: PublishHistory) -> Self {
        Self {
            limits,
            known: Mutex::new(Known {
                history,
                waiting: Vec::new(),
                publishing: None,
                next_ticket: 0,
            }),
            changes: watch::Sender::new(0),
        }
    }

    /// Returns the limits in words.
    pub(crate) fn words(&self) -> String {
        self.limits.words()
    }

    /// Notices each change of the queue.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}

impl PublishPermit {
    /// Takes the last place in the queue.
    pub(crate) fn ask(queue: &Arc<PublishQueue>, request: PublishRequest) -> Self {
        let mut known = queue.known();
        let ticket = known.next_ticket;
        known.next_ticket += 1;
        known.waiting.push(Waiting { ticket, request });
        Self {
            queue: Arc::clone(queue),
            ticket,
        }
    }

    /// Decides whether the unit may publish now; if so, no other unit publishes until this permit is dropped. A unit
    /// that waits for an owner lets later units pass.
    pub(crate) fn decide(&self, now: i64) -> PublishDecision {
        let mut known = self.queue.known();
        let decision = known.decide(&self.queue.limits, self.ticket, now);
        if decision == PublishDecision::Publish {
            known.publishing = Some(self.ticket);
        }
        decision
    }

    /// Checks whether it is time to look at a pull request again for the sake of its owner.
    pub(crate) fn is_due(&self, pull_request: &PullRequestRef, now: i64, every: Duration) -> bool {
        let mut known = self.queue.known();
        known.history.is_due(pull_request, now, every)
    }

    /// Changes what is known about pull requests, and lets waiting units decide again.
    pub(crate) fn update(&self, change: impl FnOnce(&mut PublishHistory)) {
        change(&mut self.queue.known().history);
        self.queue.changed();
    }
}

impl Known {
    fn decide(&self, limits: &PublishLimits, ticket: u64, now: i64) -> PublishDecision {
        if self.publishing.is_some_and(|other| other != ticket) {
            return PublishDecision::WaitForTurn;
        }
        let is_free = |waiting: &&Waiting| {
            waiting.ticket == ticket
                || limits
                    .owner_block(&self.history, &waiting.request)
                    .is_none()
        };
        match self.waiting.iter().find(is_free) {
            Some(first) if first.ticket == ticket => {
                match limits.block(&self.history, &first.request, now) {
                    None => PublishDecision::Publish,
                    Some(block) => PublishDecision::Wait(block),
                }
            }
            _ => PublishDecision::WaitForTurn,
        }
    }
}

impl Drop for PublishPermit {
    fn drop(&mut self) {
        {
            let mut known = self.queue.known();
            known
                .waiting
                .retain(|waiting| waiting.ticket != self.ticket);
            known.publishing = known.publishing.filter(|ticket| *ticket != self.ticket);
        }
        self.queue.changed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PublishConfig;

    fn request(owner: &str) -> PublishRequest {
        PublishRequest {
            owners: vec![owner.to_owned()],
            needs: Vec::new(),
        }
    }

    fn queue() -> Arc<PublishQueue> {
        let settings = PublishConfig {
            max_open_per_owner: "1".parse().ok(),
            ..PublishConfig::default()
        };
        let limits = PublishLimits::of(&settings, true).unwrap();
        Arc::new(PublishQueue::new(limits, PublishHistory::default()))
    }

    #[test]
    fn units_publish_in_the_order_in_which_they_ask() {
        let queue = queue();
        let first = PublishPermit::ask(&queue, request("@ada"));
        let second = PublishPermit::ask(&queue, request("@eve"));
        let changes = queue.subscribe();
        assert_eq!(first.decide(0), PublishDecision::Publish);
        assert_eq!(second.decide(0), PublishDecision::WaitForTurn);
        drop(first);
        assert!(changes.has_changed().unwrap());
        assert_eq!(second.decide(0), PublishDecision::Publish);
    }

    #[test]
    fn a_unit_that_waits_for_an_owner_lets_later_units_pass() {
        let queue = queue();
        let open = PullRequestRef {
            unit: "u1".into(),
            number: 1,
        };
        let first = PublishPermit::ask(&queue, request("@ada"));
        first.update(|history| history.opened(open.clone(), &["@ada".into()], 0));
        drop(first);
        let blocked = PublishPermit::ask(&queue, request("@ada"));
        let free = PublishPermit::ask(&queue, request("@eve"));
        let block = PublishBlock::UntilOwnerIsFree("@ada".into(), vec![open.clone()]);
        assert_eq!(blocked.decide(0), PublishDecision::Wait(block));
        assert_eq!(free.decide(0), PublishDecision::Publish);
        free.update(|history| history.closed(&open));
        assert_eq!(blocked.decide(0), PublishDecision::WaitForTurn);
        drop(free);
        assert_eq!(blocked.decide(0), PublishDecision::Publish);
    }
}
