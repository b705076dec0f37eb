//! Why a proposal cannot become a plan. The agent that made the proposal gets this error, too.

use crate::config::UnitRange;

/// Why a proposal cannot become a plan. The agent that made the proposal is told, too.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProposalError {
    #[error("there is no JSON object with \"units\" in the answer")]
    NoJson,
    #[error("the answer is longer than {} MB", .0 / 1_000_000)]
    TooLong(usize),
    #[error("the JSON cannot be read: {0}")]
    Syntax(String),
    #[error("the JSON does not fit the schema: {0}")]
    Shape(String),
    #[error("it has {0} units, and a plan has at most {most}", most = UnitRange::MAX)]
    TooMany(usize),
    #[error("it puts none of the files in question into any unit")]
    NoFiles,
    #[error("the imports of the files cannot be read: {0}")]
    Imports(String),
    #[error("the resulting plan is not valid: {0}")]
    Unsound(String),
}
