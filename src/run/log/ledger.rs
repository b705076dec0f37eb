//! The facts about a unit that a retry keeps: the usage of its agents, and the commits that may still be on its branch.

use crate::agent::Usage;
use crate::git::CommitId;

/// The facts that every new attempt of a unit keeps.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ledger {
    /// The usage of each turn of an agent, in order, of all attempts: all of it cost money.
    pub turns: Vec<Usage>,
    /// The place in `turns` from which turns count against the limits of the unit's present work.
    pub(crate) budget_from: usize,
    /// The commits of earlier attempts, which the branch on the remote may still point to.
    pub earlier_commits: Vec<CommitId>,
}

impl Ledger {
    /// Returns the turns that count against the limits of the present work: all turns since the unit was first
    /// assigned, retried, given a follow-up, or given to the next candidate. A crash and a new checkout do not reset
    /// them.
    #[must_use]
    pub fn counted_turns(&self) -> &[Usage] {
        self.turns.get(self.budget_from..).unwrap_or_default()
    }

    /// Starts to count turns against limits again.
    pub(crate) fn renew_budget(&mut self) {
        self.budget_from = self.turns.len();
    }
}
