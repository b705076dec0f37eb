//! One subject that was examined, and the verdict on it.

use serde::Serialize;

use crate::words;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) subject: &'static str,
    pub(super) verdict: Verdict,
    /// The facts and, where something is wrong, the remedy.
    pub(super) words: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    Ok,
    /// batch works, though not as well as it could.
    Warning,
    /// batch cannot work.
    Problem,
}

impl Finding {
    pub(super) fn ok(subject: &'static str, words: impl Into<String>) -> Self {
        Self {
            subject,
            verdict: Verdict::Ok,
            words: words.into(),
        }
    }

    pub(super) fn warning(subject: &'static str, words: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Warning,
            ..Self::ok(subject, words)
        }
    }

    pub(super) fn problem(subject: &'static str, words: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Problem,
            ..Self::ok(subject, words)
        }
    }

    /// Makes a finding of an error with its causes, each named once.
    pub(super) fn error(subject: &'static str, error: impl Into<anyhow::Error>) -> Self {
        Self::problem(subject, words::chain(error.into().as_ref()))
    }
}
