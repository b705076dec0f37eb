//! `[regenerate."GLOB"]`: the command that makes files from other files.

use serde::{Deserialize, Serialize};

/// How the files of one glob are made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Regenerate {
    /// Globs of the files that they are made from.
    #[serde(default)]
    pub from: Vec<String>,
    /// The shell line that makes them, run in the root of a checkout. With an empty line nothing makes them, not even
    /// the tool that batch finds for a lock file.
    pub run: String,
}
