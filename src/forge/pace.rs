//! How fast requests to a server may follow each other, and how long a wait is worth it.
//!
//! Durations are values, so that tests need no waiting. Knows nothing of what the requests are.

use std::time::Duration;

/// The pace of requests to a forge.
///
/// The defaults follow GitHub's "Best practices for using the REST API"
/// (<https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api>).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// The shortest time between two requests that change something.
    pub(crate) spacing: Duration,
    /// The first wait after a failure of network or server; doubles each time.
    pub(crate) retry: Duration,
    /// The first wait after a limit without a stated time; doubles each time.
    pub(crate) limit: Duration,
    /// The longest time that all waits of one request may take together.
    pub(crate) patience: Duration,
    /// How often one request is tried when network or server fail.
    pub(crate) attempts: u32,
    /// How many changes the server takes within a time, where it limits them.
    pub(crate) budget: Option<Budget>,
}

/// The number of changes that a server takes within a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    pub(crate) changes: usize,
    pub(crate) per: Duration,
}

impl Pace {
    /// The pace for the server at this host.
    #[must_use]
    pub(crate) fn of(host: &str) -> Self {
        // "In general, no more than 80 content-generating requests per minute and no more than 500 per hour"; other
        // servers have no such limits unless their owners set some.
        let limited = host == "github.com" || host.ends_with(".ghe.com");
        Self {
            budget: limited.then_some(Budget {
                changes: 480,
                per: Duration::from_hours(1),
            }),
            ..Self::default()
        }
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            spacing: Duration::from_secs(1),
            retry: Duration::from_secs(1),
            limit: Duration::from_mins(1),
            // A whole budget is full again after an hour.
            patience: Duration::from_mins(70),
            attempts: 5,
            budget: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_githubs_own_servers_have_a_budget() {
        assert!(Pace::of("github.com").budget.is_some());
        assert!(Pace::of("github.acme.test").budget.is_none());
    }
}
