//! The plan that an agent proposes, somewhere in its answer.

use crate::plan::Proposal;

/// Looks for the proposal in the answer.
pub fn proposal(answer: &[u8]) {
    let answer = String::from_utf8_lossy(answer);
    if let Ok(found) = Proposal::find(&answer, &["/tmp/base", ""]) {
        assert!(answer.contains("\"units\""), "{found:?}");
    }
}
