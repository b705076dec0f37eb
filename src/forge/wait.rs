//! The waits that talking to a server takes, and the reporter that makes them known while they begin.

use std::fmt;
use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::words;

/// A wait before the next request to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) host: String,
    pub(crate) time: Duration,
    pub(crate) reason: WaitReason,
}

/// Why a request waits, with the server's own words where it gave any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WaitReason {
    /// The server asked for the wait.
    Asked(String),
    /// The server or the connection to it failed.
    Failed(String),
}

/// Reports each wait of a session when the wait begins.
#[derive(Debug, Clone)]
pub(crate) struct WaitReporter {
    listener: Option<UnboundedSender<Wait>>,
}

impl WaitReporter {
    /// A reporter, and the channel on which its waits arrive.
    #[must_use]
    pub(crate) fn channel() -> (Self, UnboundedReceiver<Wait>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let reporter = Self {
            listener: Some(sender),
        };
        (reporter, receiver)
    }

    /// A reporter for sessions whose waits interest nobody.
    #[must_use]
    pub(crate) fn silent() -> Self {
        Self { listener: None }
    }

    pub(super) fn report(&self, wait: Wait) {
        tracing::debug!(?wait, "waiting");
        if let Some(listener) = &self.listener {
            // A listener that is gone no longer wants to know.
            let _ = listener.send(wait);
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = u64::try_from(self.time.as_millis()).unwrap_or(u64::MAX);
        let (host, time) = (&self.host, words::duration(ms));
        match &self.reason {
            WaitReason::Asked(reason) => {
                write!(f, "{host} asks to wait {time}: {}", words::line(reason))
            }
            WaitReason::Failed(reason) => {
                write!(
                    f,
                    "{host} is asked again in {time}: {}",
                    words::line(reason)
                )
            }
        }
    }
}
