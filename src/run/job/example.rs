//! The change of a unit that went first, which the agents of the other units get as a worked example.

use crate::git::Repo;
use crate::plan::UnitId;
use crate::run::log::run_state::RunState;
use crate::words;

/// A longer example does not help an agent.
const EXAMPLE_BYTES: usize = 24 * 1024;

/// A worked example for agents.
#[derive(Debug)]
pub(crate) struct Example {
    /// The unit that made the change.
    pub(crate) of: UnitId,
    pub(crate) patch: String,
}

impl Example {
    /// Returns the change of an accepted canary, or of a pilot that passed all gates.
    pub(crate) fn of(repo: &Repo, state: &RunState) -> Option<Self> {
        let canary = state.header.canary.as_ref();
        let canary = canary.filter(|_| state.canary_accepted);
        let unit = match canary {
            Some(canary) => state.unit(canary)?,
            None => state.passed_pilot()?,
        };
        let (start, commit) = (unit.attempt.start()?, unit.attempt.commit.as_ref()?);
        let patch = repo
            .patch(start, commit)
            .inspect_err(|error| tracing::warn!("a change cannot serve as an example: {error}"))
            .ok()?;
        let mut patch = String::from_utf8_lossy(&patch).into_owned();
        if patch.len() > EXAMPLE_BYTES {
            let end = patch.floor_char_boundary(EXAMPLE_BYTES);
            patch.truncate(patch[..end].rfind('\n').map_or(end, |line| line + 1));
            patch.push_str("(cut here)\n");
        }
        Some(Self {
            of: unit.header.id.clone(),
            patch,
        })
    }

    /// Writes the example as a further part of the feedback for an agent that began without it.
    pub(crate) fn as_feedback(&self) -> String {
        let patch = words::fence("diff", &words::block(&self.patch));
        format!(
            "## A worked example\n\nAnother part failed as yours did. Its agent mended its change, which has passed \
             all checks since. Do the same in yours, where it fits.\n\n{patch}\n"
        )
    }
}
