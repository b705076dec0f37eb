//! How the claim of a unit is divided that was too much for its agent.

/// How the claim of a unit is divided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TooMuch {
    pub(crate) reason: String,
    /// The files that the unit keeps.
    pub(crate) keeps: Vec<String>,
    /// How long the agent took for them; `None` where it has done none of them.
    pub(crate) took_ms: Option<u64>,
    /// The files of each further unit.
    pub(crate) rest: Vec<Vec<String>>,
}
